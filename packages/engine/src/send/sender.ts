/**
 * The sending half of one stream, where its body cannot leave at once: the chunks that wait for windows and socket, what ends them, and the writer
 * that waits for room. Made by the stream on first need, served in turn by the outbox.
 */
import type { Window } from "../flow/window.js"
import type { Headers } from "../Headers.js"
import { emptyOctets } from "../octets.js"
import * as Frame from "../Frame.js"
import type { WriteBuffer } from "../frame/writeBuffer.js"

/** Octets of DATA that the peer has to take for a stream, or the connection, to count as making progress. */
export const progress = 16_384

/** What the outbox has to tell the stream. */
export interface SenderOwner {
  readonly id: number
  /** END_STREAM has left. */
  sentEnd(): void
  /** All of the body has left: what comes behind it is to follow. */
  sendLast(trailers: Headers | undefined): void
}

export class Sender {
  private readonly chunks: Array<Uint8Array> = []
  private first = 0
  /** Octets of the first chunk that have left. */
  private offset = 0
  /** Octets that wait. */
  queued = 0
  /** Octets that the peer has taken of all that was ever queued. */
  taken = 0
  /** Nothing will be added. */
  isFinished = false
  trailers: Headers | undefined = undefined
  /** Whether it waits for its turn. */
  isReady = false
  /** How urgent it is, and whether it shares with others that are as urgent; undefined where nobody has said (RFC 9218 §4). */
  urgency = 3
  incremental: boolean | undefined = undefined
  /** Whether the stream is a tunnel, which gets its share whatever waits beside it (RFC 9218 §10.1). */
  isTunnel = false
  /** Whether a writer was woken and has not added anything since. */
  isRefilling = false
  /** The clock, in ms, when the peer has last taken as much as counts, or it began to wait: what the stall timeout counts from. */
  movedAt: number
  /** Octets that it has taken since. */
  private moved = 0
  private waiter: (() => void) | undefined = undefined
  /** What `fullHeader` has made last. */
  private header: { readonly size: number; readonly octets: Uint8Array } | undefined = undefined

  constructor(
    readonly owner: SenderOwner,
    readonly window: Window,
    /** Octets over which a writer has to wait. */
    private readonly highWaterMark: number,
    now: number
  ) {
    this.movedAt = now
  }

  push(chunk: Uint8Array, now: number): void {
    if (chunk.length === 0) return
    this.isRefilling = false
    if (this.queued === 0) {
      this.moved = 0
      this.movedAt = now
    }
    this.chunks.push(chunk)
    this.queued += chunk.length
  }

  /** Nothing will be added: once what waits has left, `trailers`, or an empty frame, end the stream. */
  finish(trailers: Headers | undefined): void {
    this.isFinished = true
    this.trailers = trailers
  }

  /** Takes the priority of its stream. Not while it waits for its turn. */
  rank(urgency: number, incremental: boolean | undefined, isTunnel: boolean): void {
    this.urgency = urgency
    this.incremental = incremental
    this.isTunnel = isTunnel
  }

  /** Whether it waits for its turn from now on. Called by the queue that it waits in. */
  setReady(isReady: boolean): void {
    this.isReady = isReady
  }

  /** The header of a frame of `size` octets that does not end the stream: most frames of a large body have the same, as large as the peer takes. */
  fullHeader(size: number, buffer: WriteBuffer): Uint8Array {
    const { header } = this
    if (header !== undefined && header.size === size) return header.octets
    const octets = buffer.header(size, Frame.Type.DATA, Frame.Flag.NONE, this.owner.id)
    this.header = { size, octets }
    return octets
  }

  /** Octets that `take` can give at once: what is left of the first chunk. */
  get nextLength(): number {
    const chunk = this.chunks[this.first]
    return chunk === undefined ? 0 : chunk.length - this.offset
  }

  /** Takes `octets`, no more than `nextLength`. */
  take(octets: number, now: number): Uint8Array {
    const chunk = this.chunks[this.first]
    if (chunk === undefined) return emptyOctets
    const from = this.offset
    const to = from + octets
    const data = octets === chunk.length ? chunk : chunk.subarray(from, to)
    this.moved += octets
    this.taken += octets
    // CVE-2019-9511: a peer that takes an octet now and then does not move.
    if (this.moved >= progress) {
      this.moved = 0
      this.movedAt = now
    }
    this.queued -= octets
    this.offset = to
    if (to >= chunk.length) this.nextChunk()
    return data
  }

  private nextChunk(): void {
    this.offset = 0
    this.first++
    if (this.first === this.chunks.length) {
      this.chunks.length = 0
      this.first = 0
    } else if (this.first > 64) {
      this.chunks.splice(0, this.first)
      this.first = 0
    }
  }

  /** Whether a writer has to wait before it adds more. */
  get isFull(): boolean {
    return this.queued >= this.highWaterMark
  }

  /** Calls `resume` once half of what may wait has left, or the stream is over. */
  onRoom(resume: () => void): void {
    this.waiter = resume
  }

  /** Wakes the writer where there is room again. Called after every step of the outbox. */
  notifyRoom(): void {
    if (this.waiter !== undefined && this.queued * 2 <= this.highWaterMark) this.wake()
  }

  /** Drops what waits and wakes the writer: the stream is over. */
  clear(): void {
    this.chunks.length = 0
    this.first = 0
    this.offset = 0
    this.queued = 0
    this.wake()
  }

  private wake(): void {
    const waiter = this.waiter
    if (waiter === undefined) return
    this.waiter = undefined
    this.isRefilling = true
    waiter()
  }
}
