/**
 * The plain half of a received body: counts what came and what was read, keeps what is not read, and drops what nobody will read.
 * A skin's inbox adds the queue that wakes a reader.
 *
 * FLOW CONTROL: octets are bounded by the stream's window, since credit goes back when a reader gets them. Small DATA is copied together while it waits, so
 * that the number of chunks is bounded by their octets.
 */
import { type Http2Error, usageError } from "../Http2Error.js"
import { concat, copy } from "../octets.js"
import type { Inbox, InboxOwner } from "./inbox.js"

/** Octets under which a chunk that waits is copied next to the one before it. */
export const smallChunk = 1024
/** Octets of a buffer that small chunks are copied into. */
const bufferSize = 4096
/** Small chunks that a reader that waits may get at once, uncopied. */
export const maxUncopied = 16

/** `data` as something that may be kept for long: a copy, where it is a small part of the read that it came with. */
const retainable = (data: Uint8Array): Uint8Array => (data.length * 4 < data.buffer.byteLength ? copy(data) : data)

export abstract class ReceivedBody implements Inbox {
  /** What has come and is not handed over, in order. */
  private chunks: Array<Uint8Array> = []
  /** Octets of the last of `chunks` that are in use, where it is a buffer to copy into; 0 where it is not. */
  private filled = 0
  /** Whether chunks have gone to a queue: the body is not to be had whole any more. */
  private isQueued = false
  /** Whether nobody will read, on which stream, and whether octets were given up for that. */
  private isDiscarding = false
  private streamId = 0
  private isLost = false
  private overListeners: Array<(failure: Http2Error | undefined) => void> | undefined = undefined
  /** Why the rest does not come, once that is known. */
  protected failure: Http2Error | undefined = undefined
  isEnded = false
  received = 0
  /** Octets that were pushed and not read: what the windows lack. */
  unread = 0

  constructor(protected readonly owner: InboxOwner) {}

  abstract push(data: Uint8Array): void
  abstract deliver(): void
  /** Nothing more will come: a waiting reader is told. */
  protected abstract wakeAtEnd(): void

  get isOver(): boolean {
    return this.isEnded || this.failure !== undefined
  }

  get isDone(): boolean {
    return this.isEnded && this.unread === 0
  }

  /** Whether chunks wait that are not handed over. */
  protected get hasChunks(): boolean {
    return this.chunks.length > 0
  }

  /** Why a reader that has got all that is kept gets no more, where that is known and is not the body's end. */
  protected get missing(): Http2Error | undefined {
    if (this.failure !== undefined) return this.failure
    const isGivenUp = this.isLost || (this.isDiscarding && !this.isEnded)
    return isGivenUp ? usageError(this.streamId, "8.1", "the body was given up before it was read") : undefined
  }

  // ------------------------------------------------------------------ what arrives

  /** Counts `data` as arrived. False where it was dropped. */
  protected count(data: Uint8Array): boolean {
    this.received += data.length
    if (this.isDiscarding) {
      this.isLost = true
      this.owner.bodyConsumed(data.length)
      return false
    }
    this.unread += data.length
    return true
  }

  /** Keeps `data` for the reader. `isAwaited`: it waits for that, and will get it soon with the `queued` chunks that are on their way to it. */
  protected keep(data: Uint8Array, isAwaited: boolean, queued: number): void {
    if (data.length < smallChunk && (!isAwaited || queued + this.chunks.length >= maxUncopied)) {
      return this.keepSmall(data)
    }
    this.seal()
    this.chunks.push(isAwaited ? data : retainable(data))
  }

  private keepSmall(data: Uint8Array): void {
    const buffer = this.chunks[this.chunks.length - 1]
    if (this.filled > 0 && buffer !== undefined && this.filled + data.length <= buffer.length) {
      buffer.set(data, this.filled)
      this.filled += data.length
      return
    }
    this.seal()
    // Most bodies are one chunk.
    const fresh = new Uint8Array(this.chunks.length === 0 && !this.isQueued ? data.length : bufferSize)
    fresh.set(data)
    this.filled = data.length
    this.chunks.push(fresh)
  }

  /** Cuts the buffer that was copied into to what is in use. */
  private seal(): void {
    const last = this.chunks.length - 1
    const buffer = this.chunks[last]
    if (this.filled > 0 && buffer !== undefined) this.chunks[last] = buffer.subarray(0, this.filled)
    this.filled = 0
  }

  end(): void {
    this.isEnded = true
    this.over()
  }

  fail(error: Http2Error): void {
    if (this.isOver) return
    this.failure = error
    this.over()
  }

  private over(): void {
    this.wakeAtEnd()
    const listeners = this.overListeners
    this.overListeners = undefined
    if (listeners !== undefined) for (const listener of listeners) listener(this.outcome)
  }

  /** Calls `listener` with undefined when all of the body has come, read or not, or with why the rest does not come; at once, where that is known. */
  onOver(listener: (failure: Http2Error | undefined) => void): void {
    if (this.isOver) return listener(this.outcome)
    this.overListeners ??= []
    this.overListeners.push(listener)
    this.owner.bodyWanted()
  }

  private get outcome(): Http2Error | undefined {
    return this.isEnded ? undefined : this.failure
  }

  /** A reader learns that octets are missing. */
  discard(streamId: number): void {
    this.isDiscarding = true
    this.streamId = streamId
    if (this.unread > 0) this.isLost = true
    this.chunks = []
    this.filled = 0
    const octets = this.unread
    this.unread = 0
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  // ------------------------------------------------------------------ what is read

  /** From now on chunks go to a queue. */
  protected openQueue(): void {
    this.isQueued = true
  }

  /** All that is not handed over. */
  protected takeAll(): Array<Uint8Array> {
    this.seal()
    const { chunks } = this
    this.chunks = []
    return chunks
  }

  /** All that is not handed over, except a buffer that more may be copied into. */
  protected takeFull(): Array<Uint8Array> {
    if (this.filled === 0) return this.takeAll()
    const { chunks } = this
    const buffer = chunks.pop()
    this.chunks = buffer === undefined ? [] : [buffer]
    return chunks
  }

  /** Puts back what was taken and found no room. */
  protected putBack(chunks: Array<Uint8Array>): void {
    this.chunks = this.chunks.length === 0 ? chunks : [...chunks, ...this.chunks]
  }

  /** FLOW CONTROL: WINDOW_UPDATE: send: what a reader gets goes back to the windows. */
  protected consume(chunks: ReadonlyArray<Uint8Array>): void {
    let octets = 0
    for (const chunk of chunks) octets += chunk.length
    octets = Math.min(octets, this.unread)
    this.unread -= octets
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  /** The whole body, where all of it has come, nothing of it was handed out, and it is not longer than `limit`; undefined otherwise. */
  takeWhole(limit: number): Uint8Array | undefined {
    if (!this.isEnded || this.isQueued || this.unread !== this.received || this.received > limit) return undefined
    const chunks = this.takeAll()
    this.consume(chunks)
    return concat(chunks)
  }
}
