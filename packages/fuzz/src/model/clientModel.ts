/**
 * A correct client of our server: requests of every kind, in any order, whatever else clients may send between their frames. Decisions come from
 * `Choices`; a run of zeros opens one plain request.
 */
import type { Settings } from "@effect-http2/http2/Settings"
import * as Behaviour from "../app/behaviour.js"
import { pattern } from "../app/pattern.js"
import { Finding } from "../finding.js"
import type { Choices } from "@effect-http2/testkit/choices"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import { block, type Pairs } from "@effect-http2/testkit/fieldBlock"
import { concat, octets, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { ServerRun } from "../world/serverRun.js"
import type { Held } from "./peer.js"
import { Places } from "./places.js"
import { openPushes } from "./pushes.js"
import { type Asked, planRequest } from "./requests.js"
import { Talker } from "./talker.js"

const { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } = Raw.Code
const resetCodes = [CANCEL, NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, 0xdead] as const

export class ClientModel extends Talker {
  readonly asked = new Map<number, Asked>()
  private nextId = 1
  /** Whether it has said that it goes. */
  hasGoneAway = false
  readonly places: Places

  constructor(
    choices: Choices,
    readonly server: ServerRun,
    private readonly firstLimit: number,
    private readonly mostBody: number
  ) {
    super(choices, server)
    this.places = new Places(this.tap)
  }

  /** The preface and the first SETTINGS; the rest may follow at once. */
  override begin(): void {
    const { choices } = this
    this.inject(Raw.preface)
    const first = choices.once(4) ? [[Raw.Setting.NO_RFC7540_PRIORITIES, 1] as const] : []
    this.changeSettings([...this.anySettings(), ...first])
    if (choices.once(2)) this.deliver()
  }

  protected override anySetting(): readonly [number, number] {
    const { choices } = this
    return choices.once(6)
      ? choices.one([
          [Raw.Setting.ENABLE_PUSH, choices.below(2)],
          [Raw.Setting.MAX_CONCURRENT_STREAMS, 0]
        ])
      : super.anySetting()
  }

  /** How many streams the server takes; from the start, what its first SETTINGS will say. */
  private get limit(): number {
    const { maxConcurrentStreams } = this.tap.engineSettings
    return Number.isFinite(maxConcurrentStreams) ? maxConcurrentStreams : this.firstLimit
  }

  protected override roleChange(): Partial<Settings> {
    return this.choices.once(4)
      ? { enableConnectProtocol: true }
      : { maxConcurrentStreams: this.choices.one([100, 1, 3]) }
  }

  private get open(): ReadonlyArray<Asked> {
    return [...this.asked.values()].filter((asked) => !this.isSettled(asked))
  }

  /** Whether we may still send on it. */
  private canSend(asked: Asked): boolean {
    return !asked.isEnded && !asked.isReset && this.streamOf(asked).reset === undefined
  }

  streamOf({ id }: Asked): TapStream {
    return this.tapped(id)
  }

  isSettled(asked: Asked): boolean {
    const stream = this.streamOf(asked)
    return asked.isReset || stream.reset !== undefined || (asked.isEnded && stream.isEndedByEngine)
  }

  protected override noticed(): void {
    if (this.server.pipe.isRead) this.places.delivered(this.asked.keys(), this.limit)
  }

  // ------------------------------------------------------------------ one step

  protected override rare(): void {
    const { choices } = this
    switch (choices.below(6)) {
      case 0:
        if (this.hasGoneAway || this.isCalm) return
        this.hasGoneAway = choices.once(3)
        return this.hasGoneAway ? this.emitOctets(Raw.goAway(0, NO_ERROR, choices.octets(4))) : undefined
      case 1:
        return this.emit(Raw.Type.ALTSVC, 0, choices.below(9), choices.octets(choices.below(12)))
      case 2:
        return this.emit(Raw.Type.ORIGIN, 0, choices.below(9), choices.octets(choices.below(12)))
      case 3:
        return this.emptyData()
      case 4:
        return this.priorityUpdate()
      default:
        return this.grantSome()
    }
  }

  /** For a stream that is there, or that comes next (RFC 9218 §7.1). */
  private priorityUpdate(): void {
    const { choices } = this
    const next = this.limit >= 100 && this.open.length < 50 ? [this.nextId] : []
    const ids = [...this.openIds, ...next]
    if (ids.length === 0) return
    const value = choices.one(["u=0", "u=7, i", "i", "", "u=3;x, i=?0", "u=99", "?"])
    this.emit(Raw.Type.PRIORITY_UPDATE, 0, 0, concat([uint32(choices.one(ids)), octets(value)]))
  }

  /** A request, where there is place for one. */
  protected override ask(): void {
    if (this.places.count(this.open.length) >= this.limit) return this.answer()
    const { choices } = this
    const id = this.nextId
    this.nextId += 2 + (choices.once(8) ? 2 * choices.below(5) : 0)
    const asked = planRequest(choices, id, this.mostBody, this.tap.engineSettings.enableConnectProtocol)
    this.places.asked(id, this.open.length + 1)
    this.asked.set(id, asked)
    const pairs = [...asked.pseudo, ...asked.fields]
    const endsWithHead = asked.length === 0 && asked.trailers === undefined && !asked.isTunnel && !choices.once(4)
    this.emitHeaders(id, pairs, endsWithHead)
    const stream = this.tap.streams.get(id)
    // Where a change has opened the stream before, with whatever else was asked for, the method is not known.
    if (stream !== undefined && !this.isTouched(id)) stream.method = asked.method
    asked.isEnded = endsWithHead
  }

  override hold(state: Held): number {
    const id = this.nextId
    this.nextId += 2
    if (state === "idle") return id
    const path = Behaviour.toPath({ ...Behaviour.plain, body: state === "over" ? "octets" : "never" })
    const request: Pairs = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", path],
      [":authority", "test"]
    ]
    const flags = Raw.END_HEADERS | (state === "open" ? 0 : Raw.END_STREAM)
    this.inject(Raw.frame(Raw.Type.HEADERS, flags, id, block(...request)))
    this.deliver()
    return id
  }

  /** More of some request. */
  protected override goOn(): void {
    const candidates = this.open.filter((asked) => this.canSend(asked))
    if (candidates.length === 0) return this.ask()
    this.continueBody(this.choices.one(candidates), this.choices.size(this.mostPayload))
  }

  /** More of a body, or its end. */
  private continueBody(asked: Asked, most: number): void {
    const { choices } = this
    const left = asked.length - asked.sent
    if (left === 0 && (asked.trailers !== undefined || choices.once(2))) {
      asked.isEnded = true
      if (asked.trailers !== undefined) return this.emitHeaders(asked.id, asked.trailers, true)
      this.emit(Raw.Type.DATA, Raw.END_STREAM, asked.id)
      return
    }
    const piece = Math.min(left, most)
    const endsHere = piece === left && asked.trailers === undefined
    const sent = this.emitData(asked.id, (length) => pattern(asked.id, asked.sent, length), piece, endsHere)
    asked.sent += sent
    if (endsHere && sent === piece) asked.isEnded = true
  }

  private emptyData(): void {
    const asked = this.open.find((asked) => this.canSend(asked))
    if (asked !== undefined) this.emit(Raw.Type.DATA, 0, asked.id)
  }

  protected override giveUp(): void {
    const { choices, open } = this
    const pushes = openPushes(this.tap)
    if (pushes.length > 0 && choices.once(2)) {
      return this.emitOctets(Raw.rstStream(choices.one(pushes).id, choices.one(resetCodes)))
    }
    if (open.length === 0) return
    const asked = choices.one(open)
    asked.isReset = true
    this.places.wasReset(asked.id)
    this.emitOctets(Raw.rstStream(asked.id, choices.one(resetCodes)))
  }

  private get openIds(): ReadonlyArray<number> {
    return [...this.open, ...openPushes(this.tap)].map(({ id }) => id)
  }

  protected override grantSome(): void {
    const { choices } = this
    const ids = [0, ...this.openIds]
    this.grant(choices.one(ids), Math.max(1, choices.size(200_000)))
  }

  // ------------------------------------------------------------------ to the end

  /** Does what is left to be done, until every stream has ended. */
  override finish(): void {
    this.server.pipe.setRead(true)
    this.server.world.run()
    this.server.collect()
    for (const asked of this.open) if (asked.behaviour.body === "never" && !asked.isTunnel) this.reset(asked)
    let before = this.progress
    for (let idle = 0; idle < 400;) {
      this.answer()
      for (const asked of this.open) if (this.canSend(asked)) this.continueBody(asked, this.mostPayload)
      this.grantAll([0, ...this.openIds])
      this.deliver()
      if (this.isOver || this.disturbance?.isWeak === true) return
      if (this.openIds.every((id) => this.isTouched(id)) && this.tap.pings.length === 0) return
      const { progress } = this
      if (progress === before) {
        idle++
        this.server.advance(10)
      } else idle = 0
      before = progress
    }
    const left = this.open.map((asked) => this.describe(asked))
    throw new Finding("hang", `streams ${this.openIds.join()} go on: ${left.join("; ")}`)
  }

  private reset(asked: Asked): void {
    asked.isReset = true
    this.emitOctets(Raw.rstStream(asked.id, CANCEL))
  }

  /** Changes where anything but the exchange of credit has happened. */
  private get progress(): number {
    let octets = 0
    for (const asked of this.asked.values())
      octets += asked.sent + this.streamOf(asked).bodyLength + Number(asked.isEnded)
    for (const { bodyLength } of openPushes(this.tap)) octets += bodyLength
    return octets + 1_000_000 * this.openIds.length
  }

  describe(asked: Asked): string {
    const stream = this.streamOf(asked)
    return `${asked.id} ${asked.method} ${JSON.stringify(asked.behaviour)} sent ${asked.sent} of ${asked.length}${
      asked.isEnded ? ", ended" : ""
    }; received ${stream.bodyLength}; windows ${this.tap.weMaySend}, ${stream.weMaySend}; ${this.tap.engineMaySend}, ${stream.engineMaySend}`
  }
}
