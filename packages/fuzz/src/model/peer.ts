/**
 * A correct peer of an engine, as far as its role does not matter: it sends whatever the rules allow, in any order that they allow, cut into any
 * reads. What it knows of the engine it knows from the wiretap. The roles are in clientModel.ts and serverModel.ts.
 */
import type { Settings } from "@effect-http2/http2/Settings"
import type { Choices } from "@effect-http2/testkit/choices"
import { expect } from "../finding.js"
import { TapStream } from "@effect-http2/testkit/tap/tapStream"
import { BlockWriter } from "@effect-http2/testkit/blockWriter"
import { type Pairs } from "@effect-http2/testkit/fieldBlock"
import { concat, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { EngineRun } from "../world/engineRun.js"
import { sendCut } from "./cutting.js"

const { END_HEADERS, END_STREAM, PADDED, Type } = Raw

/** The flags that each type defines; receivers ignore the others (RFC 9113 §4.1). */
const definedFlags: ReadonlyArray<number> = [0x09, 0x2d, 0, 0, 0x01, 0x0c, 0x01, 0, 0, 0x04]
/** Types that nobody defines. */
const unknownTypes = [0x0b, 0x0d, 0x0f, 0x11, 0x21, 0x42, 0xfa, 0xff] as const

const largestFragment = 8000
/** No window is granted more, so that no change of settings takes it over 2^31-1. */
const ample = 2 ** 30

/**
 * The states of a stream that something wrong can happen in: not opened; opened by the engine, and we have sent nothing (client); our head sent and our body
 * open; our side ended, and not the engine's; over, both sides having ended.
 */
export type Held = "idle" | "fresh" | "open" | "ended" | "over"

/** What is wrong with a conversation, and whom it may have touched. */
export interface Disturbance {
  /** Streams of which nothing is expected any more. */
  readonly touched: ReadonlySet<number>
  /** Whether that is all of them. */
  readonly isWeak: boolean
  /** Whether it has happened. */
  readonly isDone: boolean
  /** In words. */
  readonly what: string
  /** What goes out in place of a frame. */
  readonly apply: (frame: Uint8Array) => ReadonlyArray<Uint8Array>
}

export abstract class PeerModel {
  readonly tap: EngineRun["tap"]
  protected readonly blocks = new BlockWriter()
  /** What is emitted and not delivered. */
  private out: Array<Uint8Array> = []
  /** ms that may pass before the engine would ask where we are. */
  private patience = 8000
  /** Whether nobody says goodbye, and no place is taken away. */
  isCalm = false
  /** Whether blocks stay away from the dynamic table. */
  isPlain = false
  disturbance: Disturbance | undefined = undefined

  constructor(
    readonly choices: Choices,
    readonly run: EngineRun
  ) {
    this.tap = run.tap
    this.tap.onTableSize = (size) => this.blocks.setLimit(size)
  }

  /** Whether nothing is expected of a stream any more. */
  isTouched(id: number): boolean {
    return this.disturbance !== undefined && (this.disturbance.isWeak || this.disturbance.touched.has(id))
  }

  /** The stream as the tap has it; one that nothing can come of where its HEADERS went astray. */
  protected tapped(id: number): TapStream {
    const stream = this.tap.streams.get(id)
    if (stream !== undefined) return stream
    const nowhere = new TapStream(id, 0, 0)
    nowhere.resets.push(Raw.Code.CANCEL)
    return nowhere
  }

  /** Whether the connection is of no more use. */
  get isOver(): boolean {
    return this.run.isClosed || this.run.pipe.isEnded
  }

  /** What was emitted is delivered, the engine is read, and what it asks for is answered. */
  settle(): void {
    this.run.pipe.setRead(true)
    this.run.world.run()
    this.deliver()
    this.run.collect()
    this.noticed()
    this.answer()
    this.deliver()
  }

  /** Brings a stream into a state, and leaves it there; its id. */
  abstract hold(state: Held): number

  // ------------------------------------------------------------------ frames out

  /** A whole frame. Now and then with bits that receivers ignore. */
  protected emit(type: number, flags: number, streamId: number, payload?: Uint8Array): void {
    const { choices } = this
    const noise = choices.once(16) ? choices.below(256) & ~(definedFlags[type] ?? 0xff) : 0
    const reserved = choices.once(16) ? 0x80000000 : 0
    this.emitOctets(Raw.frame(type, flags | noise, streamId | reserved, payload))
  }

  protected emitOctets(octets: Uint8Array): void {
    for (const each of this.disturbance === undefined ? [octets] : this.disturbance.apply(octets)) {
      this.tap.sent(each)
      this.out.push(each)
    }
  }

  /** Emits octets as they are, whatever they are. */
  inject(octets: Uint8Array): void {
    this.tap.sent(octets)
    this.out.push(octets)
  }

  /** The payload, padded now and then. */
  private padding(payload: Uint8Array, most: number): readonly [flags: number, payload: Uint8Array] {
    const { choices } = this
    const room = Math.min(256, most - payload.length)
    if (room < 1 || !choices.once(5)) return [0, payload]
    return [PADDED, Raw.padded(payload, choices.size(room - 1))]
  }

  protected get mostPayload(): number {
    return this.tap.engineSettings.maxFrameSize
  }

  /** HEADERS, and CONTINUATION where the block is chopped. */
  protected emitHeaders(streamId: number, pairs: Pairs, endStream: boolean): void {
    const isDependent = this.choices.once(6)
    const spec = isDependent ? this.prioritySpec(streamId) : new Uint8Array(0)
    const flags = (endStream ? END_STREAM : 0) | (isDependent ? Raw.PRIORITY : 0)
    this.emitBlock(Type.HEADERS, flags, streamId, spec, pairs)
  }

  /** A frame that begins a block, `before` it in its payload, and what goes on with it. */
  protected emitBlock(type: number, flags: number, streamId: number, before: Uint8Array, pairs: Pairs): void {
    const { choices } = this
    const block = this.blocks.write(pairs, choices, this.isPlain)
    const chops = choices.once(3) ? choices.below(5) : 0
    const cuts = [0, ...Array.from({ length: chops }, () => choices.below(block.length + 1)), block.length]
    for (let at = largestFragment; at < block.length; at += largestFragment) cuts.push(at)
    cuts.sort((a, b) => a - b)
    const [first = block, ...rest] = cuts.slice(1).map((end, index) => block.subarray(cuts[index], end))
    const [padded, payload] = this.padding(concat([before, first]), this.mostPayload - 1)
    this.emit(type, flags | (rest.length === 0 ? END_HEADERS : 0) | padded, streamId, payload)
    rest.forEach((fragment, index) => {
      this.emit(Type.CONTINUATION, index === rest.length - 1 ? END_HEADERS : 0, streamId, fragment)
    })
  }

  private prioritySpec(streamId: number): Uint8Array {
    const { choices } = this
    const dependency = choices.below(40)
    return Raw.priorityFields(dependency === streamId ? 0 : dependency, choices.between(1, 256), choices.once(2))
  }

  /** DATA of `octets` at most, as the windows allow. Returns how many went. */
  protected emitData(
    streamId: number,
    bodyAt: (length: number) => Uint8Array,
    most: number,
    endStream: boolean
  ): number {
    const window = Math.min(this.tap.weMaySend, this.tap.streams.get(streamId)?.weMaySend ?? 0)
    const length = Math.max(0, Math.min(most, window, this.mostPayload))
    if (length === 0 && most > 0) return 0
    const [padded, payload] = this.padding(bodyAt(length), Math.min(window, this.mostPayload))
    this.emit(Type.DATA, (endStream && length === most ? END_STREAM : 0) | padded, streamId, payload)
    return length
  }

  /** Hands what was emitted to the engine, in any reads. */
  deliver(): void {
    const frames = this.out
    this.out = []
    if (frames.every(({ length }) => length === 0)) return
    sendCut(this.run, frames, this.choices, (ms) => this.wait(ms))
    this.expectCredit()
    this.noticed()
  }

  /** Whose window for the connection is used up has sent that much that nobody has read: the rest is given back, whatever else lies there. */
  private expectCredit(): void {
    const { connection, connectionWindowSize, pipe } = this.run
    if (this.disturbance !== undefined || this.isOver || !pipe.isRead || this.tap.weMaySend > 0) return
    const { unreadOctets } = connection
    expect(
      unreadOctets >= connectionWindowSize,
      "hang",
      () => `no credit for the connection, with ${unreadOctets} octets unread`
    )
  }

  /** The engine has dealt with all that was delivered. */
  protected noticed(): void {}

  /** Lets a little time pass. */
  wait(ms: number): void {
    const some = Math.min(ms, this.patience)
    this.patience -= some
    this.run.advance(some)
  }

  // ------------------------------------------------------------------ what either side does

  /** Answers what the engine waits for. */
  answer(): void {
    for (const payload of [...this.tap.pings]) this.emit(Type.PING, Raw.ACK, 0, payload)
    for (let left = this.tap.engineSettings.unacknowledged; left > 0; left--) this.emitOctets(Raw.settingsAck)
  }

  protected ping(): void {
    this.emit(Type.PING, 0, 0, this.choices.octets(8))
  }

  protected unknown(): void {
    const { choices } = this
    this.emit(choices.one(unknownTypes), choices.below(256), choices.below(12), choices.octets(choices.below(40)))
  }

  protected priority(): void {
    const streamId = this.choices.between(1, 40)
    this.emit(Type.PRIORITY, 0, streamId, this.prioritySpec(streamId))
  }

  /** Lets the engine send more, where it has little left: to the end of a conversation. */
  protected grantAll(ids: ReadonlyArray<number>): void {
    for (const id of ids) {
      const window = id === 0 ? this.tap.engineMaySend : (this.tap.streams.get(id)?.engineMaySend ?? Number.NaN)
      if (window < 500_000) this.grant(id, 1_000_000 - Math.min(0, window))
    }
  }

  /** Lets the engine send more: `most` at a time. */
  protected grant(streamId: number, most: number): void {
    const window = streamId === 0 ? this.tap.engineMaySend : this.tap.streams.get(streamId)?.engineMaySend
    if (window === undefined) return
    const increment = Math.min(most, ample - window)
    if (increment > 0) this.emit(Type.WINDOW_UPDATE, 0, streamId, uint32(increment))
  }

  /** Any change of our settings that leaves all windows below 2^31. */
  protected changeSettings(entries: ReadonlyArray<readonly [number, number]> = this.anySettings()): void {
    this.emitOctets(Raw.settings(...entries))
  }

  /** The engine's user changes what it takes, while it takes it. */
  protected engineChanges(): void {
    const { choices } = this
    const changes: ReadonlyArray<Partial<Settings>> = [
      { initialWindowSize: choices.one([65_535, 1000, 200_000]) },
      { headerTableSize: choices.one([4096, 0, 100, 20_000]) },
      { maxFrameSize: choices.one([16_384, 30_000, 100_000]) },
      { maxHeaderListSize: choices.one([32_768, 60_000]) },
      this.roleChange()
    ]
    this.run.updateSettings({ ...choices.one(changes), ...(choices.once(3) ? choices.one(changes) : {}) })
  }

  /** A setting that only one role has. */
  protected abstract roleChange(): Partial<Settings>

  protected anySettings(): ReadonlyArray<readonly [number, number]> {
    const { choices } = this
    return Array.from({ length: choices.below(5) }, () => this.anySetting())
  }

  protected anySetting(): readonly [number, number] {
    const { choices } = this
    switch (choices.below(5)) {
      case 0:
        return [Raw.Setting.HEADER_TABLE_SIZE, choices.size(10_000)]
      case 1:
        return [Raw.Setting.INITIAL_WINDOW_SIZE, choices.size(200_000)]
      case 2:
        return [Raw.Setting.MAX_FRAME_SIZE, 16_384 + choices.size(50_000)]
      case 3:
        return [Raw.Setting.MAX_HEADER_LIST_SIZE, 20_000 + choices.size(100_000)]
      default:
        return [choices.one([0x0a, 0x0f, 0x99, 0xf0f0]), choices.below(2 ** 31)]
    }
  }
}
