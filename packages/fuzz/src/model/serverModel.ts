/**
 * A correct server of our client: answers of every kind to what it asks for, in any order, whatever else servers may send between their frames.
 * It plays the client's user too, who asks and gives up.
 */
import { numberOf, pathOf, useOf } from "../app/requester.js"
import { pattern } from "../app/pattern.js"
import type { Choices } from "../choices.js"
import { Finding } from "../finding.js"
import type { TapStream } from "../tap/tapStream.js"
import { type Pairs, plainBlock } from "../wire/blockWriter.js"
import { concat, ofText, uint32 } from "../wire/octets.js"
import * as Raw from "../wire/rawFrame.js"
import type { ClientRun } from "../world/clientRun.js"
import { type Answered, planAnswer, planPush } from "./answers.js"
import * as Fields from "./fields.js"
import { type Held, PeerModel } from "./peer.js"
import { anyWish, endless, plainWish } from "./wishes.js"

const { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } = Raw.Code
const resetCodes = [CANCEL, REFUSED_STREAM, INTERNAL_ERROR, 0xdead] as const

const isOfClient = (id: number): boolean => id % 2 === 1

export class ServerModel extends PeerModel {
  readonly answers = new Map<number, Answered>()
  private wished = 0
  /** The last stream that we have promised. */
  private promised = 0
  /** Wishes that are left as they are. */
  readonly held = new Set<number>()
  /** The last id of our last GOAWAY. */
  lastId = Number.POSITIVE_INFINITY
  private maxConcurrent = Number.POSITIVE_INFINITY

  constructor(
    choices: Choices,
    readonly client: ClientRun,
    private readonly mostBody: number
  ) {
    super(choices, client)
  }

  /** SETTINGS; the rest may follow at once. */
  begin(): void {
    const { choices } = this
    const first: Array<readonly [number, number]> = []
    if (choices.once(4)) first.push([Raw.Setting.NO_RFC7540_PRIORITIES, 1])
    if (choices.once(4)) first.push([Raw.Setting.ENABLE_CONNECT_PROTOCOL, 1])
    if (choices.once(8)) for (let i = choices.below(3); i > 0; i--) this.wish()
    this.changeSettings([...this.anySettings(), ...first])
    if (choices.once(2)) this.deliver()
  }

  protected override anySetting(): readonly [number, number] {
    const { choices } = this
    if (choices.once(6)) return [Raw.Setting.ENABLE_PUSH, 0]
    if (!choices.once(6) || this.isCalm) return super.anySetting()
    this.maxConcurrent = choices.one([100, 1, 3, 0])
    return [Raw.Setting.MAX_CONCURRENT_STREAMS, this.maxConcurrent]
  }

  // ------------------------------------------------------------------ the user

  wish(): void {
    this.client.wish(anyWish(this.choices, this.wished++, this.mostBody))
    this.noticed()
  }

  /** The last stream that the engine has opened. */
  private get highest(): number {
    return Math.max(-1, ...[...this.tap.streams.keys()].filter(isOfClient))
  }

  override hold(state: Held): number {
    if (state === "idle") return this.highest + 2
    const n = this.wished++
    this.held.add(n)
    const wish = { ...plainWish, n, ...(state === "over" ? {} : endless) }
    this.client.wish(wish)
    this.deliver()
    const id = this.highest
    const flags = Raw.END_HEADERS | (state === "open" ? 0 : Raw.END_STREAM)
    if (state !== "fresh") this.inject(Raw.frame(Raw.Type.HEADERS, flags, id, plainBlock([[":status", "200"]])))
    this.deliver()
    return id
  }

  private giveUp(): void {
    const waiting = [...this.client.wishes.values()].filter(({ fiber }) => fiber.unsafePoll() === null)
    if (waiting.length === 0) return this.wish()
    this.client.cancel(this.choices.one(waiting))
    this.noticed()
  }

  // ------------------------------------------------------------------ what the engine asks for

  protected override noticed(): void {
    for (const stream of this.tap.streams.values()) {
      if (
        !isOfClient(stream.id) ||
        stream.head === undefined ||
        this.answers.has(stream.id) ||
        this.held.has(numberOf(stream.head))
      )
        continue
      this.answers.set(stream.id, planAnswer(this.choices, stream, this.mostBody))
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
  private isTaken(id: number): boolean {
    return id <= this.lastId || !isOfClient(id)
  }

  private get open(): ReadonlyArray<Answered> {
    return [...this.answers.values()].filter((answer) => this.canSend(answer))
  }

  // ------------------------------------------------------------------ one step

  /** Something that a server, or the client's user, may do now. */
  step(): void {
    const { choices } = this
    switch (choices.below(16)) {
      case 0:
      case 1:
      case 2:
        return this.wish()
      case 3:
      case 4:
      case 5:
      case 6:
        return this.goOn()
      case 7:
        return this.answer()
      case 8:
        return this.grantSome()
      case 9:
        return this.changeSettings()
      case 10:
        return this.ping()
      case 11:
        return choices.once(2) ? this.unknown() : this.priority()
      case 12:
        return this.giveUp()
      case 13:
        return this.wait(choices.between(1, 60))
      case 14:
        return this.client.pipe.setRead(choices.once(3) ? false : true)
      default:
        return this.rare()
    }
  }

  private rare(): void {
    const { choices } = this
    switch (choices.below(8)) {
      case 0:
        return this.goAway()
      case 6:
      case 7:
        return this.promise()
      case 1:
        return this.refuse()
      case 2:
        return this.emit(Raw.Type.ALTSVC, 0, 0, concat([Uint8Array.of(0, 8), ofText('http://ah3=":443"')]))
      case 3:
        return this.emit(Raw.Type.ORIGIN, 0, 0, concat([Uint8Array.of(0, 9), ofText("https://a")]))
      default:
        return this.grantSome()
    }
  }

  /** More of some answer. */
  private goOn(): void {
    const { choices, open } = this
    if (open.length === 0) return this.wish()
    this.continueAnswer(choices.one(open), choices.size(this.mostPayload))
  }

  private continueAnswer(answer: Answered, most: number): void {
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
  private promise(): void {
    const { choices, tap } = this
    const isAllowed = this.client.options.enablePush === true && tap.engineSettings.unacknowledged === 0
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
  private refuse(): void {
    const { choices } = this
    const answered = [...this.answers.values()].filter(
      (answer) =>
        answer.reset === undefined && this.streamOf(answer).reset === undefined && !this.streamOf(answer).isOver
    )
    if (answered.length === 0) return
    const answer = choices.one(answered)
    this.reset(answer, answer.isEnded ? NO_ERROR : choices.one(resetCodes))
  }

  private reset(answer: Answered, code: number): void {
    answer.reset = code
    this.emitOctets(Raw.rstStream(answer.id, code))
  }

  private goAway(): void {
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

  private grantSome(): void {
    const { choices } = this
    const open = [...this.answers.keys()].filter((id) => isOfClient(id) && !this.tapped(id).isOver)
    this.grant(choices.one([0, ...open]), Math.max(1, choices.size(200_000)))
  }

  // ------------------------------------------------------------------ to the end

  get isSettled(): boolean {
    return [...this.client.wishes.values()].every(({ fiber }) => fiber.unsafePoll() !== null)
  }

  /** Answers all that is asked for, until the user has got everything. */
  finish(): void {
    this.client.pipe.setRead(true)
    this.client.world.run()
    this.client.collect()
    this.noticed()
    // Nobody reads them: there may be no credit for the rest.
    for (const answer of this.open) if (answer.n < 0 && useOf(answer.id) === "nothing") this.reset(answer, CANCEL)
    if (this.maxConcurrent < 1) this.changeSettings([[Raw.Setting.MAX_CONCURRENT_STREAMS, 100]])
    let before = this.progress
    for (let idle = 0; idle < 400;) {
      this.answer()
      for (const answer of this.open) this.continueAnswer(answer, this.mostPayload)
      const waiting = [...this.tap.streams.values()].filter(({ id, isOver }) => !isOver && this.isTaken(id))
      this.grantAll([0, ...waiting.map(({ id }) => id).filter(isOfClient)])
      this.deliver()
      if (this.isOver || this.disturbance?.isWeak === true) return
      const isDone = waiting.every(({ id }) => this.isTouched(id)) && this.tap.pings.length === 0
      if (isDone && (this.isSettled || this.disturbance !== undefined)) return
      const { progress } = this
      if (progress === before) {
        idle++
        this.client.advance(10)
        this.noticed()
      } else idle = 0
      before = progress
    }
    throw new Finding("hang", `wishes go on: ${this.describe()}`)
  }

  /** Changes where anything but the exchange of credit has happened. */
  private get progress(): string {
    let octets = 0
    let steps = 0
    for (const answer of this.answers.values()) {
      octets += answer.sent + this.streamOf(answer).bodyLength
      steps += answer.sentInformational + Number(answer.hasHead) + Number(answer.isEnded)
    }
    let over = 0
    for (const stream of this.tap.streams.values()) over += Number(stream.isOver)
    return `${octets} ${steps} ${this.answers.size} ${over}`
  }

  private describe(): string {
    const waiting = [...this.client.wishes.values()].filter(({ fiber }) => fiber.unsafePoll() === null)
    const streams = [...this.tap.streams.values()].filter((stream) => !stream.isOver)
    return `${waiting.map(({ wish, got }) => JSON.stringify({ ...wish, fields: 0, got: got.length })).join("; ")}; streams ${streams
      .map(({ bodyLength, engineMaySend, id, isEndedByEngine, weMaySend }) =>
        JSON.stringify({ id, bodyLength, isEndedByEngine, engineMaySend, weMaySend })
      )
      .join("; ")}`
  }
}
