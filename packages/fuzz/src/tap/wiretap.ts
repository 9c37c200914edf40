/**
 * Both directions of a connection, read beside the engine by another reader: what the engine may send is known here, and whatever else it sends is
 * a finding. What is sent to it may be anything. Called by every run of an engine.
 */
import { expect, Finding } from "../finding.js"
import type { Pairs } from "../wire/blockWriter.js"
import { isEqual, readUint32 } from "../wire/octets.js"
import * as Raw from "../wire/rawFrame.js"
import { type Section, Sections } from "./sections.js"
import { SettingsView } from "./settingsView.js"
import { TapStream } from "./tapStream.js"

const { ACK, END_STREAM, Type } = Raw

const text = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8")

export class Wiretap {
  readonly streams = new Map<number, TapStream>()
  /** What the engine announced, as far as we acknowledged it; and the other way round. */
  readonly engineSettings = new SettingsView()
  readonly ourSettings = new SettingsView()
  /** Windows of the connection. */
  engineMaySend = 65_535
  weMaySend = 65_535
  /** PINGs that the engine sent and that were not answered. */
  readonly pings: Array<Uint8Array> = []
  /** The codes and the last ids of the engine's GOAWAY frames, and why. */
  readonly goAways: Array<{ readonly code: number; readonly lastId: number; readonly reason: string }> = []
  /** The last id of our GOAWAY. */
  ourGoAway = Number.POSITIVE_INFINITY
  /** Told when we acknowledge the engine's SETTINGS_HEADER_TABLE_SIZE. */
  onTableSize: (size: number) => void = () => {}
  /** Octets of frames other than DATA that the engine has sent. */
  controlOctets = 0
  /** The last frames of both directions. */
  private readonly passed: Array<readonly [direction: string, frame: Raw.RawFrame]> = []
  private readonly sentReader: Raw.FrameReader
  private readonly receivedReader: Raw.FrameReader
  private readonly sections = new Sections()
  private readonly ourPings: Array<Uint8Array> = []
  private pingsSent = 0
  private pingsAnswered = 0
  private isFirst = true
  private prefaceLeft: number
  highestSent = 0
  highestReceived = 0
  private highestPromised = 0

  constructor(readonly engine: "client" | "server") {
    this.sentReader = new Raw.FrameReader(engine === "server" ? Raw.preface.length : 0)
    this.prefaceLeft = engine === "client" ? Raw.preface.length : 0
    this.receivedReader = new Raw.FrameReader(this.prefaceLeft)
  }

  /** The error that the engine ended the connection with, undefined where there was none. */
  get connectionError(): { readonly code: number; readonly reason: string } | undefined {
    return this.goAways.find(({ code }) => code !== Raw.Code.NO_ERROR)
  }

  private note(direction: string, frame: Raw.RawFrame): void {
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

  // ------------------------------------------------------------------ to the engine

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
        if (streamId === 0) this.engineMaySend += readUint32(payload, 0) & Raw.MAX_WINDOW
        else if (stream !== undefined) stream.engineMaySend += readUint32(payload, 0) & Raw.MAX_WINDOW
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
        if (isNew) this.opened(promised).isEndedByEngine = true
        break
      }
      case Type.GOAWAY:
        this.ourGoAway = Math.min(this.ourGoAway, readUint32(payload, 0) & Raw.MAX_WINDOW)
        break
    }
  }

  private answered(payload: Uint8Array): void {
    const at = this.pings.findIndex((ping) => isEqual(ping, payload))
    if (at >= 0) this.pings.splice(at, 1)
  }

  private apply(view: SettingsView, adjust: (stream: TapStream, delta: number) => void): void {
    const applied = view.acknowledge()
    if (applied === undefined) return
    for (const stream of this.streams.values()) adjust(stream, applied.windowDelta)
    for (const size of applied.tableSizes) {
      if (view === this.ourSettings) this.sections.setTableSize(size)
      else this.onTableSize(size)
    }
  }

  private opened(id: number): TapStream {
    const stream = new TapStream(id, this.ourSettings.initialWindowSize, this.engineSettings.initialWindowSize)
    this.streams.set(id, stream)
    return stream
  }

  // ------------------------------------------------------------------ from the engine

  /** What the engine has written. Returns the frames that are whole with it. */
  received(octets: Uint8Array): ReadonlyArray<Raw.RawFrame> {
    if (this.prefaceLeft > 0) {
      const from = Raw.preface.length - this.prefaceLeft
      const part = octets.subarray(0, this.prefaceLeft)
      expect(isEqual(part, Raw.preface.subarray(from, from + part.length)), "output", () => "not HTTP/2's preface")
      this.prefaceLeft -= part.length
    }
    const frames = this.receivedReader.read(octets)
    for (const frame of frames) {
      this.note("<", frame)
      this.receivedFrame(frame)
    }
    return frames
  }

  private receivedFrame(frame: Raw.RawFrame): void {
    const { flags, payload, streamId, type } = frame
    const fail = (why: string): never => {
      throw new Finding("output", `${why}: ${Raw.show(frame)}`)
    }
    if (this.isFirst && (type !== Type.SETTINGS || (flags & ACK) !== 0)) fail("the first frame is not SETTINGS")
    this.isFirst = false
    if (this.connectionError !== undefined) fail("a frame behind GOAWAY with an error")
    if (payload.length > this.ourSettings.maxFrameSize) fail(`a frame over ${this.ourSettings.maxFrameSize} octets`)
    if (this.sections.isOpen && type !== Type.CONTINUATION) fail("a frame in the middle of a field block")
    if (type !== Type.DATA) this.controlOctets += Raw.HEADER + payload.length
    switch (type) {
      case Type.SETTINGS:
        return (flags & ACK) === 0 ? this.receivedSettings(frame, fail) : this.receivedSettingsAck(fail)
      case Type.PING:
        return this.receivedPing(frame, fail)
      case Type.GOAWAY:
        return this.receivedGoAway(payload, fail)
      case Type.WINDOW_UPDATE:
        return this.receivedWindowUpdate(streamId, readUint32(payload, 0), fail)
      case Type.HEADERS:
      case Type.PUSH_PROMISE:
      case Type.CONTINUATION:
        return this.receivedFragment(frame, fail)
      case Type.DATA: {
        const data = Raw.unpadded(frame) ?? fail("padding longer than its frame")
        this.engineMaySend -= payload.length
        if (payload.length > 0 && this.engineMaySend < 0) fail("DATA beyond the connection's window")
        return this.known(frame, fail).receiveData(data, payload.length, (flags & END_STREAM) !== 0)
      }
      case Type.RST_STREAM: {
        const stream = this.streams.get(streamId)
        if (stream !== undefined) return stream.receiveReset(readUint32(payload, 0))
        return streamId > this.highestSent ? fail("RST_STREAM on an idle stream") : undefined
      }
      case Type.ALTSVC:
      case Type.ORIGIN:
        return this.engine === "server" ? undefined : fail("a frame that clients do not send")
      case Type.PRIORITY_UPDATE:
        return this.engine === "client" ? undefined : fail("a frame that servers do not send")
      default:
        fail("a frame that is never sent")
    }
  }

  /** The stream of a frame that has to have one. */
  private known(frame: Raw.RawFrame, fail: (why: string) => never): TapStream {
    const stream = this.streams.get(frame.streamId) ?? fail("a stream that is not there")
    if (stream.resetByUs !== undefined && this.pingsAnswered > stream.resetBehind) {
      fail("a stream that the engine knows to be reset")
    }
    return stream
  }

  private receivedSettings(frame: Raw.RawFrame, fail: (why: string) => never): void {
    if (frame.payload.length % 6 !== 0) fail("not a multiple of 6")
    const entries = Raw.entriesOf(frame.payload)
    for (const [id, value] of entries) {
      if (id === Raw.Setting.ENABLE_PUSH && (value > 1 || (this.engine === "server" && value === 1)))
        fail("ENABLE_PUSH")
      if (id === Raw.Setting.INITIAL_WINDOW_SIZE && value > Raw.MAX_WINDOW) fail("INITIAL_WINDOW_SIZE")
      if (id === Raw.Setting.MAX_FRAME_SIZE && (value < 16_384 || value > 16_777_215)) fail("MAX_FRAME_SIZE")
    }
    this.engineSettings.announce(entries)
  }

  private receivedSettingsAck(fail: (why: string) => never): void {
    if (this.ourSettings.unacknowledged === 0) fail("an acknowledgement of nothing")
    this.apply(this.ourSettings, (each, delta) => (each.engineMaySend += delta))
  }

  private receivedPing({ flags, payload }: Raw.RawFrame, fail: (why: string) => never): void {
    if (payload.length !== 8) fail("not 8 octets")
    if ((flags & ACK) === 0) {
      this.pings.push(payload)
      return
    }
    const ours = this.ourPings.shift()
    if (ours === undefined || !isEqual(ours, payload)) fail("an answer to no PING")
    this.pingsAnswered++
  }

  private receivedGoAway(payload: Uint8Array, fail: (why: string) => never): void {
    const lastId = readUint32(payload, 0)
    const code = readUint32(payload, 4)
    const before = this.goAways.at(-1)
    if (before !== undefined && lastId > before.lastId) fail("a GOAWAY with a higher last id")
    this.goAways.push({ code, lastId, reason: text(payload.subarray(8)) })
  }

  private receivedWindowUpdate(streamId: number, increment: number, fail: (why: string) => never): void {
    if (increment === 0 || increment > Raw.MAX_WINDOW) fail("an increment that is none")
    if (streamId === 0) {
      this.weMaySend += increment
      if (this.weMaySend > Raw.MAX_WINDOW) fail("the connection's window is over 2^31-1")
      return
    }
    const stream = this.streams.get(streamId) ?? fail("a stream that is not there")
    stream.weMaySend += increment
    if (stream.weMaySend > Raw.MAX_WINDOW) fail("the stream's window is over 2^31-1")
  }

  private receivedFragment(frame: Raw.RawFrame, fail: (why: string) => never): void {
    const section = this.sections.add(frame, fail)
    if (section !== undefined) this.receivedSection(frame, section, fail)
  }

  private receivedSection(
    frame: Raw.RawFrame,
    { endStream, pairs, promised, streamId }: Section,
    fail: (why: string) => never
  ): void {
    if (promised > 0) return this.receivedPromise(frame, promised, pairs, fail)
    if (this.engine === "client" && !this.streams.has(streamId)) {
      if (streamId % 2 === 0 || streamId <= this.highestReceived) fail("a stream with an id that is not the next")
      this.highestReceived = streamId
      this.opened(streamId)
    }
    const stream = this.known(frame, fail)
    if (stream.promise !== undefined && stream.head === undefined) this.begunPush(fail)
    stream.receiveSection(pairs, endStream, this.engine)
  }

  /** PUSH_PROMISE (RFC 9113 §6.6, §8.4). */
  private receivedPromise(frame: Raw.RawFrame, id: number, pairs: Pairs, fail: (why: string) => never): void {
    if (this.engine === "client") fail("a client that promises")
    if (!this.ourSettings.enablePush) fail("a promise for a client that takes none")
    if (id % 2 === 1 || id <= this.highestPromised) fail("a promised id that is not the next")
    const stream = this.known(frame, fail)
    if (stream.isEndedByEngine || stream.reset !== undefined || stream.id % 2 === 0) fail("no stream to promise on")
    this.highestPromised = id
    this.opened(id).receivePromise(pairs)
  }

  /** A pushed response begins: from then on its stream counts. */
  private begunPush(fail: (why: string) => never): void {
    let count = 1
    for (const { head, isOver, promise } of this.streams.values()) {
      if (promise !== undefined && head !== undefined && !isOver) count++
    }
    if (count > this.ourSettings.maxConcurrentStreams) fail("more pushes than we take")
  }
}
