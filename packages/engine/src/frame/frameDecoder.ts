/**
 * Octets to frames, whatever the cutting of the input (RFC 9113 §4.1), with the checks on length, flags and stream id that need
 * no state (§4.2, §6). Called by whoever reads, once for each read.
 *
 * Total: it never throws. A rule broken becomes a `Frame.Invalid`: with the stream's id where only that stream has to end, with id 0 where
 * the connection has to, and then it is the last frame that this decoder gives.
 *
 * DATA is handed on as it arrives, in slices of the input, without waiting for the rest of its frame. All others wait to be whole.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Frame from "../Frame.js"
import { AnnouncedLimit } from "../settings/announcedLimit.js"
import { type Counts, unseen } from "../Meter.js"
import { type ExtensionLimits, unlimited } from "./extensionPayload.js"
import { parseFrame } from "./framePayload.js"
import { emptyOctets, octet, readUint24, readUint31 } from "../octets.js"
import { preface } from "./preface.js"

const { DATA } = Frame.Type
const { END_STREAM, PADDED } = Frame.Flag

export class FrameDecoder {
  /** Octets of a frame, header included, that is not whole yet, and how many of `carry` they fill. */
  private carry: Uint8Array = emptyOctets
  private carried = 0
  /** Octets of the current DATA frame that are still to come: the pad length, the data, the padding. */
  private dataPadLength = false
  private dataLeft = 0
  private paddingLeft = 0
  private dataStreamId = 0
  private dataEndStream = false
  private dataContinued = false
  /** Octets of the client's preface that are still to come (§3.4). */
  private prefaceLeft: number
  private failed = false
  private readonly maxFrameSize: AnnouncedLimit

  constructor(
    /** SETTINGS_MAX_FRAME_SIZE as we announced it, or as we do: a frame may come in the same read as the acknowledgement before it. */
    maxFrameSize: number | AnnouncedLimit,
    expectPreface: boolean,
    /** Whether the next frame has to be SETTINGS, since it is the first: if not, the peer may not even speak HTTP/2 (§3.4). */
    private expectSettings = false,
    /** How much of the frames of extensions is decoded. */
    private readonly extensions: ExtensionLimits = unlimited,
    /** The frames that have come, by type. */
    private readonly counts: Counts = unseen().framesReceived
  ) {
    this.maxFrameSize = typeof maxFrameSize === "number" ? new AnnouncedLimit(maxFrameSize) : maxFrameSize
    this.prefaceLeft = expectPreface ? preface.length : 0
  }

  /** Whether a frame has begun and is not whole. */
  get isMidFrame(): boolean {
    return this.carried > 0 || this.dataLeft > 0 || this.paddingLeft > 0 || this.dataPadLength
  }

  /** Whether the client's preface is still to come, in whole or in part. */
  get awaitsPreface(): boolean {
    return this.prefaceLeft > 0
  }

  /** The frames in `chunk`, those that began earlier and end in it among them. */
  decode(chunk: Uint8Array, frames: Array<Frame.Frame> = []): Array<Frame.Frame> {
    let at = 0
    const end = chunk.length
    if (this.prefaceLeft > 0 && !this.failed) at = this.readPreface(chunk, frames)
    while (at < end && !this.failed) {
      if (this.dataPadLength || this.dataLeft > 0 || this.paddingLeft > 0) at = this.readData(chunk, at, frames)
      else if (this.carried > 0) at = this.readCarried(chunk, at, frames)
      else if (end - at < Frame.HEADER_LENGTH) at = this.keep(chunk, at, Frame.HEADER_LENGTH)
      else at = this.readFrame(chunk, at, frames)
    }
    return frames
  }

  private readPreface(chunk: Uint8Array, frames: Array<Frame.Frame>): number {
    let at = 0
    while (this.prefaceLeft > 0 && at < chunk.length) {
      if (chunk[at] !== preface[preface.length - this.prefaceLeft]) {
        this.fail(frames, -1, ErrorCode.PROTOCOL_ERROR, "3.4", "the connection preface is not HTTP/2's")
        return at
      }
      this.prefaceLeft--
      at++
    }
    return at
  }

  /** A frame whose header is whole at `at`. */
  private readFrame(chunk: Uint8Array, at: number, frames: Array<Frame.Frame>): number {
    const length = readUint24(chunk, at)
    const type = octet(chunk, at + 3)
    if (this.expectSettings && type !== Frame.Type.SETTINGS) {
      this.fail(frames, type, ErrorCode.PROTOCOL_ERROR, "3.4", "the first frame is not SETTINGS")
      return chunk.length
    }
    this.expectSettings = false
    if (length > this.maxFrameSize.most) {
      // §4.2: any frame could change the state of the connection, or is part of it; so the connection has to end.
      this.fail(
        frames,
        type,
        ErrorCode.FRAME_SIZE_ERROR,
        "4.2",
        `a frame of ${length} octets, over ${this.maxFrameSize.most}`
      )
      return chunk.length
    }
    const flags = octet(chunk, at + 4)
    const streamId = readUint31(chunk, at + 5)
    if (type === DATA) {
      this.counts.add(DATA)
      this.startData(length, flags, streamId, frames)
      return at + Frame.HEADER_LENGTH
    }
    const next = at + Frame.HEADER_LENGTH + length
    if (next > chunk.length) return this.keep(chunk, at, Frame.HEADER_LENGTH + length)
    const frame = parseFrame(type, flags, streamId, chunk, at + Frame.HEADER_LENGTH, next, this.extensions)
    this.counts.add(type)
    frames.push(frame)
    if (frame._tag === "Settings" && frame.ack) this.maxFrameSize.acknowledge()
    else if (frame._tag === "Invalid" && frame.streamId === 0) this.failed = true
    return next
  }

  /** Keeps the octets from `at` on until `size` of them are there. */
  private keep(chunk: Uint8Array, at: number, size: number): number {
    if (this.carry.length < size) {
      const larger = new Uint8Array(size)
      larger.set(this.carry.subarray(0, this.carried))
      this.carry = larger
    }
    const taken = Math.min(size - this.carried, chunk.length - at)
    this.carry.set(chunk.subarray(at, at + taken), this.carried)
    this.carried += taken
    return at + taken
  }

  /** Goes on with a frame whose first octets are kept. */
  private readCarried(chunk: Uint8Array, at: number, frames: Array<Frame.Frame>): number {
    let next = at
    if (this.carried < Frame.HEADER_LENGTH) {
      next = this.keep(chunk, at, Frame.HEADER_LENGTH)
      if (this.carried < Frame.HEADER_LENGTH) return next
    }
    const length = readUint24(this.carry, 0)
    const isWhole = this.carried - Frame.HEADER_LENGTH + chunk.length - next >= length
    const type = octet(this.carry, 3)
    if (length <= this.maxFrameSize.most && type !== DATA && !(this.expectSettings && type !== Frame.Type.SETTINGS)) {
      next = this.keep(chunk, next, Frame.HEADER_LENGTH + length)
      if (!isWhole) return next
    }
    const whole = this.carry.subarray(0, this.carried)
    this.carried = 0
    // The frame's slices point into the array: a frame gets one of its own.
    this.carry = emptyOctets
    this.readFrame(whole, 0, frames)
    return next
  }

  private startData(length: number, flags: number, streamId: number, frames: Array<Frame.Frame>): void {
    if (streamId === 0) {
      return this.fail(frames, DATA, ErrorCode.PROTOCOL_ERROR, "6.1", "DATA on stream 0")
    }
    this.dataStreamId = streamId
    this.dataEndStream = (flags & END_STREAM) !== 0
    this.dataContinued = false
    this.dataLeft = length
    this.paddingLeft = 0
    if ((flags & PADDED) !== 0) {
      if (length === 0) {
        return this.fail(frames, DATA, ErrorCode.FRAME_SIZE_ERROR, "6.1", "DATA has no room for its pad length")
      }
      this.dataLeft = length - 1
      this.dataPadLength = true
    } else if (length === 0) {
      frames.push(new Frame.Data(streamId, this.dataEndStream, emptyOctets, 0, false))
    }
  }

  /** Hands on what is there of the current DATA frame. */
  private readData(chunk: Uint8Array, start: number, frames: Array<Frame.Frame>): number {
    let at = start
    if (this.dataPadLength) {
      const padLength = octet(chunk, at)
      at++
      this.dataPadLength = false
      if (padLength > this.dataLeft) {
        this.fail(frames, DATA, ErrorCode.PROTOCOL_ERROR, "6.1", "the padding is longer than its DATA frame")
        return at
      }
      this.dataLeft -= padLength
      this.paddingLeft = padLength
    }
    const dataEnd = Math.min(chunk.length, at + this.dataLeft)
    const paddingEnd = Math.min(chunk.length, dataEnd + (dataEnd - at === this.dataLeft ? this.paddingLeft : 0))
    const isLast = dataEnd - at === this.dataLeft && paddingEnd - dataEnd === this.paddingLeft
    const data = dataEnd === at ? emptyOctets : chunk.subarray(at, dataEnd)
    frames.push(
      new Frame.Data(this.dataStreamId, isLast && this.dataEndStream, data, paddingEnd - start, this.dataContinued)
    )
    this.dataContinued = true
    this.dataLeft -= dataEnd - at
    this.paddingLeft -= paddingEnd - dataEnd
    return paddingEnd
  }

  private fail(
    frames: Array<Frame.Frame>,
    type: number,
    code: ErrorCode.ErrorCode,
    section: string,
    reason: string
  ): void {
    this.failed = true
    frames.push(new Frame.Invalid(type, 0, code, section, reason))
  }
}
