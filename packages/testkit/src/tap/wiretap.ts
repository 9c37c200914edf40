/**
 * Both directions of a connection, read beside the engine by another reader: what the engine may send is known here, and whatever else it sends is
 * a finding. What is sent to it may be anything. Called by every run of an engine.
 */
import { expect, Fault } from "../fault.js"
import type { Pairs } from "../fieldBlock.js"
import { isEqual, readUint32 } from "../octets.js"
import * as Raw from "../rawFrame.js"
import type { Section } from "./sections.js"
import { SentTap } from "./sentTap.js"
import type { TapStream } from "./tapStream.js"

const { ACK, END_STREAM, Type } = Raw

const text = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8")

export class Wiretap extends SentTap {
  /** The codes and the last ids of the engine's GOAWAY frames, and why. */
  readonly goAways: Array<{ readonly code: number; readonly lastId: number; readonly reason: string }> = []
  /** Octets of frames other than DATA that the engine has sent. */
  controlOctets = 0
  private readonly receivedReader: Raw.FrameReader
  private pingsAnswered = 0
  private isFirst = true
  private prefaceLeft: number
  private highestReceived = 0
  private highestPromised = 0

  constructor(engine: "client" | "server") {
    super(engine)
    this.prefaceLeft = engine === "client" ? Raw.preface.length : 0
    this.receivedReader = new Raw.FrameReader(this.prefaceLeft)
  }

  /** The error that the engine ended the connection with, undefined where there was none. */
  get connectionError(): { readonly code: number; readonly reason: string } | undefined {
    return this.goAways.find(({ code }) => code !== Raw.Code.NO_ERROR)
  }

  /** What the engine has written. Returns the frames that are whole with it. */
  received(octets: Uint8Array): ReadonlyArray<Raw.RawFrame> {
    if (this.prefaceLeft > 0) {
      const from = Raw.preface.length - this.prefaceLeft
      const part = octets.subarray(0, this.prefaceLeft)
      expect(isEqual(part, Raw.preface.subarray(from, from + part.length)), () => "not HTTP/2's preface")
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
      throw new Fault(`${why}: ${Raw.show(frame)}`)
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
