/**
 * Bodies to DATA frames (RFC 9113 §6.1), each as large as the windows and the peer's SETTINGS_MAX_FRAME_SIZE let it be, padded where the option says so.
 * Called by the outbox, which knows whose turn it is.
 *
 * FLOW CONTROL: all of a payload counts, pad length and padding too, and none of it is sent beyond a window (§6.9.1).
 */
import { take, type Window } from "../flow/window.js"
import * as Frame from "../Frame.js"
import { emptyOctets } from "../octets.js"
import { dataLength, padLength } from "../frame/padding.js"
import type { Sender } from "./sender.js"
import type { WriteBuffer } from "../frame/writeBuffer.js"

const { DATA } = Frame.Type
const { END_STREAM, NONE } = Frame.Flag
/** The largest DATA frame that is sent, whatever the peer takes: others wait for it. */
const largestFrame = 524_288

export class DataFrames {
  /** Octets of DATA whose frame no window has cut short. */
  uncutOctets = 0

  constructor(
    private readonly buffer: WriteBuffer,
    /** The connection's. */
    private readonly window: Window,
    /** The option: 0 where frames are not padded. */
    private readonly padding: number
  ) {}

  /** An empty frame that ends a stream. It needs no window, and has nothing that padding could hide. */
  end(streamId: number): void {
    this.buffer.frame(DATA, END_STREAM, streamId, emptyOctets)
  }

  /** Octets that the windows let a frame have. */
  private room(window: Window): number {
    return Math.min(window.octets, this.window.octets)
  }

  /** A whole body in one frame. False, and nothing is sent, where it has no room for that. */
  whole(streamId: number, window: Window, body: Uint8Array, endStream: boolean, maxFrameSize: number): boolean {
    const { length } = body
    if (length > maxFrameSize || this.room(window) < length) return false
    const flags = endStream ? END_STREAM : NONE
    if (this.padding > 1) return this.wholePadded(streamId, window, body, flags, maxFrameSize)
    take(window, this.window, length)
    this.uncutOctets += length
    this.buffer.frame(DATA, flags, streamId, body)
    return true
  }

  private wholePadded(
    streamId: number,
    window: Window,
    body: Uint8Array,
    flags: number,
    maxFrameSize: number
  ): boolean {
    const { length } = body
    const padding = padLength(length, Number.POSITIVE_INFINITY, this.padding)
    const size = 1 + length + padding
    if (size > maxFrameSize || this.room(window) < size) return false
    take(window, this.window, size)
    this.uncutOctets += length
    this.buffer.paddedFrame(DATA, flags, streamId, body, padding)
    return true
  }

  /** The next frame of `sender`, with what follows where it was the last. Nothing where a window is exhausted. */
  next(sender: Sender, maxFrameSize: number, now: number): void {
    if (this.padding > 1) return this.nextPadded(sender, maxFrameSize, now)
    const most = Math.min(sender.nextLength, maxFrameSize, largestFrame)
    const octets = take(sender.window, this.window, most)
    if (octets === 0) return
    if (octets === most) this.uncutOctets += octets
    const data = sender.take(octets, now)
    const flags = flagsOf(sender)
    if (octets === maxFrameSize && flags === NONE)
      this.buffer.dataFrame(sender.fullHeader(maxFrameSize, this.buffer), data)
    else this.buffer.frame(DATA, flags, sender.owner.id, data)
    follow(sender)
  }

  private nextPadded(sender: Sender, maxFrameSize: number, now: number): void {
    const { nextLength } = sender
    const most = Math.min(maxFrameSize, largestFrame)
    const room = Math.min(most, this.room(sender.window))
    if (room <= 0 || nextLength === 0) return
    const octets = dataLength(nextLength, room, this.padding)
    const padding = padLength(octets, room, this.padding)
    take(sender.window, this.window, 1 + octets + padding)
    if (octets === dataLength(nextLength, most, this.padding)) this.uncutOctets += octets
    const data = sender.take(octets, now)
    if (padding < 0) this.buffer.frame(DATA, flagsOf(sender), sender.owner.id, data)
    else this.buffer.paddedFrame(DATA, flagsOf(sender), sender.owner.id, data, padding)
    follow(sender)
  }
}

const isLast = (sender: Sender): boolean => sender.queued === 0 && sender.isFinished

const flagsOf = (sender: Sender): number => (isLast(sender) && sender.trailers === undefined ? END_STREAM : NONE)

/** What comes behind the last frame of a body. */
const follow = (sender: Sender): void => {
  if (!isLast(sender)) return
  if (sender.trailers === undefined) sender.owner.sentEnd()
  else sender.owner.sendLast(sender.trailers)
}
