/**
 * The answers of a server to what our client asks for, and what it promises beside them. The part of a server that serverModel.ts builds on.
 */
import { numberOf, pathOf } from "../app/requester.js"
import { pattern } from "../app/pattern.js"
import type { Choices } from "@effect-http2/testkit/choices"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import type { Pairs } from "@effect-http2/testkit/fieldBlock"
import { uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { ClientRun } from "../world/clientRun.js"
import { type Answered, planAnswer, planPush } from "./answers.js"
import * as Fields from "./fields.js"
import { Talker } from "./talker.js"

const { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } = Raw.Code
const resetCodes = [CANCEL, REFUSED_STREAM, INTERNAL_ERROR, 0xdead] as const

/** Whether a client opens streams with such an id. */
export const isOfClient = (id: number): boolean => id % 2 === 1

export abstract class Answering extends Talker {
  readonly answers = new Map<number, Answered>()
  /** How many wishes there were. */
  protected wished = 0
  /** The last stream that we have promised. */
  private promised = 0
  /** Wishes that are left as they are. */
  readonly held = new Set<number>()
  /** The last id of our last GOAWAY. */
  lastId = Number.POSITIVE_INFINITY

  constructor(
    choices: Choices,
    readonly client: ClientRun,
    protected readonly mostBody: number
  ) {
    super(choices, client)
  }

  /** The last stream that the engine has opened. */
  protected get highest(): number {
    return Math.max(-1, ...[...this.tap.streams.keys()].filter(isOfClient))
  }

  protected override noticed(): void {
    for (const stream of this.tap.streams.values()) {
      const { head, id } = stream
      if (!isOfClient(id) || head === undefined || this.answers.has(id) || this.held.has(numberOf(head))) continue
      this.answers.set(id, planAnswer(this.choices, stream, this.mostBody))
    }
  }

  streamOf({ id }: Answered): TapStream {
    return this.tapped(id)
  }

  /** Whether we may still send on it. */
  private canSend(answer: Answered): boolean {
    return (
      !answer.isEnded &&
      answer.reset === undefined &&
      this.streamOf(answer).reset === undefined &&
      this.isTaken(answer.id)
    )
  }

  /** Whether the stream is one that our GOAWAY, if we have sent any, leaves. */
  protected isTaken(id: number): boolean {
    return id <= this.lastId || !isOfClient(id)
  }

  protected get open(): ReadonlyArray<Answered> {
    return [...this.answers.values()].filter((answer) => this.canSend(answer))
  }

  protected continueAnswer(answer: Answered, most: number): void {
    const { choices } = this
    const { id } = answer
    if (answer.sentInformational < answer.informational) {
      answer.sentInformational++
      return this.emitHeaders(
        id,
        [
          [":status", choices.one(["103", "100", "110"] as const)],
          ["x-i", "1"]
        ],
        false
      )
    }
    const isOpenTunnel = answer.method === "CONNECT" && answer.status < 300
    if (!answer.hasHead) {
      answer.hasHead = true
      const endsHere = answer.length === 0 && answer.trailers === undefined && !isOpenTunnel && !choices.once(4)
      answer.isEnded = endsHere
      return this.emitHeaders(id, [[":status", String(answer.status)], ...answer.fields], endsHere)
    }
    const left = answer.length - answer.sent
    if (left === 0 && (answer.trailers !== undefined || choices.once(2))) {
      answer.isEnded = true
      if (answer.trailers !== undefined) return this.emitHeaders(id, answer.trailers, true)
      return this.emit(Raw.Type.DATA, Raw.END_STREAM, id)
    }
    const piece = Math.min(left, most)
    const endsHere = piece === left && answer.trailers === undefined
    const sent = this.emitData(id, (length) => pattern(id, answer.sent, length), piece, endsHere)
    answer.sent += sent
    if (endsHere && sent === piece) answer.isEnded = true
  }

  /** A push, along with something that we have not answered whole, where the client takes it. */
  protected promise(): void {
    const { choices, tap } = this
    const isAllowed = tap.engineSettings.enablePush && tap.engineSettings.unacknowledged === 0
    const along = this.open.filter((answer) => isOfClient(answer.id) && answer.method !== "CONNECT")
    if (!isAllowed || along.length === 0 || this.promised > 40 || this.lastId < Number.POSITIVE_INFINITY) return
    const { id } = choices.one(along)
    this.promised += 2 * choices.between(1, 2)
    const method = choices.one(["GET", "HEAD"] as const)
    // Now and then what the user will ask for.
    const path = choices.once(4) ? pathOf(this.wished) : `/p/${this.promised}`
    const pseudo = new Map(this.tapped(id).head)
    const fields: Pairs = [
      [":method", method],
      [":scheme", pseudo.get(":scheme") ?? "http"],
      [":path", path],
      [":authority", pseudo.get(":authority") ?? "test"],
      ...Fields.regular(choices).filter(([name]) => name !== "content-length")
    ]
    this.answers.set(this.promised, planPush(choices, this.promised, method, this.mostBody))
    this.emitBlock(Raw.Type.PUSH_PROMISE, 0, id, uint32(this.promised), fields)
  }

  /** RST_STREAM: before the answer, within it, or, with NO_ERROR, behind it while the request goes on. */
  protected refuse(): void {
    const { choices } = this
    const answered = [...this.answers.values()].filter(
      (answer) =>
        answer.reset === undefined && this.streamOf(answer).reset === undefined && !this.streamOf(answer).isOver
    )
    if (answered.length === 0) return
    const answer = choices.one(answered)
    this.reset(answer, answer.isEnded ? NO_ERROR : choices.one(resetCodes))
  }

  protected reset(answer: Answered, code: number): void {
    answer.reset = code
    this.emitOctets(Raw.rstStream(answer.id, code))
  }

  protected goAway(): void {
    const { choices } = this
    if (!choices.once(3) || this.isCalm) return
    const highest = Math.max(0, this.highest)
    const isBegun = (answer: Answered): boolean =>
      answer.hasHead || answer.sentInformational > 0 || answer.reset !== undefined
    const least = Math.max(
      0,
      ...[...this.answers.values()]
        .filter(isBegun)
        .map(({ id }) => id)
        .filter(isOfClient)
    )
    const lastId = Math.min(this.lastId, choices.one([Raw.MAX_WINDOW, highest, Math.max(least, highest - 2)]))
    this.lastId = lastId
    this.emitOctets(Raw.goAway(lastId, NO_ERROR, choices.octets(choices.below(8))))
  }
}
