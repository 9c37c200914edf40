/**
 * What was sent to an engine, read as it would have to read it: settings, windows, streams. Nothing in it has to be right. The part of the wiretap that
 * wiretap.ts builds on.
 */
import { isEqual, readUint32 } from "../octets.js"
import * as Raw from "../rawFrame.js"
import { Sections } from "./sections.js"
import { SettingsView } from "./settingsView.js"
import { TapStream } from "./tapStream.js"

const { ACK, END_STREAM, Type } = Raw

export abstract class SentTap {
  readonly streams = new Map<number, TapStream>()
  /** What the engine announced, as far as we acknowledged it; and the other way round. */
  readonly engineSettings = new SettingsView()
  readonly ourSettings = new SettingsView()
  /** Windows of the connection. */
  engineMaySend = 65_535
  weMaySend = 65_535
  /** PINGs that the engine sent and that were not answered. */
  readonly pings: Array<Uint8Array> = []
  /** The last id of our GOAWAY. */
  ourGoAway = Number.POSITIVE_INFINITY
  /** Told when we acknowledge the engine's SETTINGS_HEADER_TABLE_SIZE. */
  onTableSize: (size: number) => void = () => {}
  /** The last frames of both directions. */
  private readonly passed: Array<readonly [direction: string, frame: Raw.RawFrame]> = []
  private readonly sentReader: Raw.FrameReader
  protected readonly sections = new Sections()
  protected readonly ourPings: Array<Uint8Array> = []
  /** Credit for streams that the engine may open before it comes to the frame: what was sent before has not been read by it. */
  private readonly early = new Map<number, number>()
  private pingsSent = 0
  highestSent = 0

  constructor(readonly engine: "client" | "server") {
    this.sentReader = new Raw.FrameReader(engine === "server" ? Raw.preface.length : 0)
  }

  protected note(direction: string, frame: Raw.RawFrame): void {
    if (this.passed.length >= 400) this.passed.splice(0, 200)
    this.passed.push([direction, frame])
  }

  /** The last frames of both directions, for whoever reads a finding. */
  get log(): ReadonlyArray<string> {
    return this.passed.map(([direction, frame]) => `${direction} ${Raw.show(frame)}`)
  }

  /** Which frames of the engine came behind which of ours. */
  get pairs(): ReadonlySet<string> {
    const pairs = new Set<string>()
    let last = ""
    for (const [direction, { flags, type }] of this.passed) {
      const each = `${direction}${type}.${flags & 0x2d}`
      pairs.add(`${last}${each}`)
      last = each
    }
    return pairs
  }

  sent(octets: Uint8Array): void {
    for (const frame of this.sentReader.read(octets)) {
      this.note(">", frame)
      this.sentFrame(frame)
    }
  }

  private sentFrame(frame: Raw.RawFrame): void {
    const { flags, payload, streamId, type } = frame
    const stream = this.streams.get(streamId)
    switch (type) {
      case Type.SETTINGS:
        if ((flags & ACK) === 0) this.ourSettings.announce(Raw.entriesOf(payload))
        else this.apply(this.engineSettings, (each, delta) => (each.weMaySend += delta))
        break
      case Type.PING:
        if ((flags & ACK) !== 0) this.answered(payload)
        else {
          this.pingsSent++
          this.ourPings.push(payload)
        }
        break
      case Type.WINDOW_UPDATE:
        this.granted(streamId, stream, readUint32(payload, 0) & Raw.MAX_WINDOW)
        break
      case Type.HEADERS: {
        const opened = stream ?? (this.engine === "server" ? this.opened(streamId) : undefined)
        this.highestSent = Math.max(this.highestSent, streamId)
        if (opened !== undefined && (flags & END_STREAM) !== 0) opened.isEndedByUs = true
        break
      }
      case Type.DATA:
        this.weMaySend -= payload.length
        if (stream === undefined) break
        stream.weMaySend -= payload.length
        if ((flags & END_STREAM) !== 0) stream.isEndedByUs = true
        break
      case Type.RST_STREAM:
        if (stream === undefined) break
        stream.resetByUs ??= readUint32(payload, 0)
        stream.resetBehind = this.pingsSent
        break
      case Type.PUSH_PROMISE: {
        const promised = readUint32(payload, (flags & Raw.PADDED) === 0 ? 0 : 1) & Raw.MAX_WINDOW
        const isNew = this.engine === "client" && promised % 2 === 0 && !this.streams.has(promised)
        if (!isNew) break
        this.opened(promised).isEndedByEngine = true
        // RFC 9113 §5.1.1: those below it are not idle any more.
        this.highestSent = Math.max(this.highestSent, promised)
        break
      }
      case Type.GOAWAY:
        this.ourGoAway = Math.min(this.ourGoAway, readUint32(payload, 0) & Raw.MAX_WINDOW)
        break
    }
  }

  private granted(streamId: number, stream: TapStream | undefined, octets: number): void {
    if (streamId === 0) this.engineMaySend += octets
    else if (stream !== undefined) stream.engineMaySend += octets
    else this.early.set(streamId, (this.early.get(streamId) ?? 0) + octets)
  }

  private answered(payload: Uint8Array): void {
    const at = this.pings.findIndex((ping) => isEqual(ping, payload))
    if (at >= 0) this.pings.splice(at, 1)
  }

  protected apply(view: SettingsView, adjust: (stream: TapStream, delta: number) => void): void {
    const applied = view.acknowledge()
    if (applied === undefined) return
    for (const stream of this.streams.values()) adjust(stream, applied.windowDelta)
    for (const size of applied.tableSizes) {
      if (view === this.ourSettings) this.sections.setTableSize(size)
      else this.onTableSize(size)
    }
  }

  protected opened(id: number): TapStream {
    const stream = new TapStream(id, this.ourSettings.initialWindowSize, this.engineSettings.initialWindowSize)
    stream.engineMaySend += this.early.get(id) ?? 0
    this.streams.set(id, stream)
    return stream
  }
}
