/**
 * A correct server of our client: answers of every kind to what it asks for, in any order, whatever else servers may send between their frames.
 * It plays the client's user too, who asks and gives up.
 */
import type { Settings } from "@effect-http2/http2/Settings"
import { useOf } from "../app/requester.js"
import { Finding } from "../finding.js"
import { block } from "@effect-http2/testkit/fieldBlock"
import { concat, octets } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { Answering, isOfClient } from "./answering.js"
import type { Answered } from "./answers.js"
import type { Held } from "./peer.js"
import { anyWish, endless, plainWish } from "./wishes.js"

export class ServerModel extends Answering {
  private maxConcurrent = Number.POSITIVE_INFINITY

  /** SETTINGS; the rest may follow at once. */
  override begin(): void {
    const { choices } = this
    const first: Array<readonly [number, number]> = []
    if (choices.once(4)) first.push([Raw.Setting.NO_RFC7540_PRIORITIES, 1])
    if (choices.once(4)) first.push([Raw.Setting.ENABLE_CONNECT_PROTOCOL, 1])
    if (choices.once(8)) for (let i = choices.below(3); i > 0; i--) this.ask()
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

  protected override roleChange(): Partial<Settings> {
    return { enablePush: this.choices.once(2) }
  }

  // ------------------------------------------------------------------ the user

  protected override ask(): void {
    this.client.wish(anyWish(this.choices, this.wished++, this.mostBody))
    this.noticed()
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
    if (state !== "fresh") this.inject(Raw.frame(Raw.Type.HEADERS, flags, id, block([":status", "200"])))
    this.deliver()
    return id
  }

  protected override giveUp(): void {
    const waiting = [...this.client.wishes.values()].filter(({ fiber }) => fiber.unsafePoll() === null)
    if (waiting.length === 0) return this.ask()
    this.client.cancel(this.choices.one(waiting))
    this.noticed()
  }

  // ------------------------------------------------------------------ one step

  protected override rare(): void {
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
        return this.emit(Raw.Type.ALTSVC, 0, 0, concat([Uint8Array.of(0, 8), octets('http://ah3=":443"')]))
      case 3:
        return this.emit(Raw.Type.ORIGIN, 0, 0, concat([Uint8Array.of(0, 9), octets("https://a")]))
      default:
        return this.grantSome()
    }
  }

  /** More of some answer. */
  protected override goOn(): void {
    const { choices, open } = this
    if (open.length === 0) return this.ask()
    this.continueAnswer(choices.one(open), choices.size(this.mostPayload))
  }

  protected override grantSome(): void {
    const { choices } = this
    const open = [...this.answers.keys()].filter((id) => isOfClient(id) && !this.tapped(id).isOver)
    this.grant(choices.one([0, ...open]), Math.max(1, choices.size(200_000)))
  }

  // ------------------------------------------------------------------ to the end

  get isSettled(): boolean {
    return [...this.client.wishes.values()].every(({ fiber }) => fiber.unsafePoll() !== null)
  }

  /** Answers all that is asked for, until the user has got everything. */
  override finish(): void {
    this.client.pipe.setRead(true)
    this.client.world.run()
    this.client.collect()
    this.noticed()
    // Nobody reads them: there may be no credit for the rest.
    for (const answer of this.open) if (this.isLeftAlone(answer)) this.reset(answer, Raw.Code.CANCEL)
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

  /** Whether it is a push that the user does nothing with, or never saw: its client did not ask for any at first. */
  isLeftAlone({ id, n }: Answered): boolean {
    return n < 0 && (useOf(id) === "nothing" || !this.client.pushed.has(id))
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
