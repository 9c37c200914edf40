/**
 * The incoming body of one stream, between the dispatcher that never waits and a consumer that may be slow. What arrives is kept in an array; what
 * arrived for a consumer that waits goes through a bounded Queue, all of it as one element, since each element costs as much as many frames.
 * All of it is bounded by the stream's flow-control window, in octets, and by coalescing, in slots.
 *
 * Called by the dispatcher's handlers (push, end, fail), at the end of a turn (deliver), and by the public body Stream (pull).
 */
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { type Http2Error, usageError } from "../Http2Error.js"
import { copy } from "@effect-http2/engine/octets"

/** Octets under which a chunk that has to wait is copied next to the one before it: tiny DATA frames must not fill slots. */
const small = 1024
const coalesced = 4096

/** `data` as something that may be kept for long: a copy, where it is a small part of the read that it came with. */
const retainable = (data: Uint8Array): Uint8Array => (data.length * 4 < data.buffer.byteLength ? copy(data) : data)

/** The next chunks of a body; none at its end. */
export type Pull = Effect.Effect<Octets, Http2Error>

type Octets = Chunk.Chunk<Uint8Array>

const ended: Pull = Effect.succeed(Chunk.empty())
/** Deliveries that nobody has come for: one where the consumer that waited was interrupted. */
const capacity = 1
/** Chunks for a consumer that waits, from which on those that are small are copied too. */
const slots = 16

export class BodyQueue implements Inbox {
  private chunks: Array<Uint8Array> = []
  private queue: Queue.Queue<Octets> | undefined = undefined
  /** Wakes the consumer that waits. One that was interrupted leaves it behind, and what it would have got stays here. */
  private waiter: ((next: Pull) => void) | undefined = undefined
  /** Whether the peer has ended the body. */
  isEnded = false
  private failure: Http2Error | undefined = undefined
  private endWaiters: Array<(exit: Effect.Effect<void, Http2Error>) => void> | undefined = undefined
  /** Octets of the last element of `chunks` that are in use, where it is a buffer of ours to coalesce into; 0 where it is not. */
  private filled = 0
  private isDiscarding = false
  /** The stream whose body lost octets that way, 0 where none did. */
  private lostOn = 0
  private streamId = 0
  /** Octets that were pushed and not consumed: what the windows lack. */
  unread = 0
  /** Octets that were pushed, in all. */
  received = 0

  /** The two effects that a consumer runs, made when one comes: most bodies are whole before anybody asks. */
  private pulling: Pull | undefined = undefined
  private waiting: Pull | undefined = undefined
  /** Whether a delivery was asked for and has not happened. */
  private isDue = false

  constructor(private readonly owner: InboxOwner) {}

  /** Whether every octet was consumed and no more will come. */
  get isDone(): boolean {
    return this.isEnded && this.unread === 0
  }

  push(data: Uint8Array): void {
    this.received += data.length
    if (this.isDiscarding) {
      this.lostOn = this.streamId
      return this.owner.bodyConsumed(data.length)
    }
    this.unread += data.length
    if (data.length < small && (this.waiter === undefined || this.chunks.length >= slots)) this.coalesce(data)
    else {
      this.seal()
      this.chunks.push(this.keepable(data))
    }
    this.wake()
  }

  /** A consumer that waits gets `data` soon, one that does not may leave it here for long. */
  private keepable(data: Uint8Array): Uint8Array {
    return this.waiter === undefined ? retainable(data) : data
  }

  private wake(): void {
    if (this.waiter === undefined || (this.isDue && !this.isOver)) return
    this.isDue = true
    this.owner.deliverLater(this)
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.isEnded || this.failure !== undefined
  }

  /** Wakes the consumer that waits: there is something, or there never will be. */
  deliver(): void {
    this.isDue = false
    const { waiter } = this
    this.waiter = undefined
    if (waiter === undefined) return
    this.handOver()
    waiter(this.pull)
  }

  /** What has come goes through the Queue, unless somebody left there what came before. */
  private handOver(): void {
    if (this.chunks.length === 0) return
    const octets = this.takeArray()
    if (this.queue?.unsafeOffer(Chunk.unsafeFromArray(octets)) !== true) this.chunks = octets
  }

  private takeArray(): Array<Uint8Array> {
    this.seal()
    const { chunks } = this
    this.chunks = []
    return chunks
  }

  private coalesce(data: Uint8Array): void {
    const buffer = this.chunks[this.chunks.length - 1]
    if (this.filled > 0 && buffer !== undefined && this.filled + data.length <= buffer.length) {
      buffer.set(data, this.filled)
      this.filled += data.length
      return
    }
    this.seal()
    const fresh = new Uint8Array(this.chunks.length === 0 ? data.length : coalesced)
    fresh.set(data)
    this.filled = data.length
    this.chunks.push(fresh)
  }

  /** Cuts the buffer that was coalesced into to what is in use. */
  private seal(): void {
    const last = this.chunks.length - 1
    const buffer = this.chunks[last]
    if (this.filled > 0 && buffer !== undefined) this.chunks[last] = buffer.subarray(0, this.filled)
    this.filled = 0
  }

  end(): void {
    this.isEnded = true
    this.wake()
    this.notifyEnd(Effect.void)
  }

  /** The rest will not come. What has come is still handed out before the error is. */
  fail(error: Http2Error): void {
    if (this.isEnded || this.failure !== undefined) return
    this.failure = error
    this.wake()
    this.notifyEnd(Effect.fail(error))
  }

  private notifyEnd(exit: Effect.Effect<void, Http2Error>): void {
    const waiters = this.endWaiters
    this.endWaiters = undefined
    if (waiters !== undefined) for (const waiter of waiters) waiter(exit)
  }

  /** Waits until all of the body has arrived, read or not. */
  awaitEnd(): Effect.Effect<void, Http2Error> {
    return Effect.async((resume) => {
      if (this.isEnded) return resume(Effect.void)
      if (this.failure !== undefined) return resume(Effect.fail(this.failure))
      this.endWaiters ??= []
      this.endWaiters.push(resume)
      this.owner.bodyWanted()
    })
  }

  /**
   * Nobody will read: what waits and what comes on stream `streamId` is given up, so that the windows get it back at once. Who reads all the same
   * learns that octets are missing.
   */
  discard(streamId: number): void {
    this.isDiscarding = true
    this.streamId = streamId
    if (this.unread > 0) this.lostOn = streamId
    this.chunks = []
    this.filled = 0
    const octets = this.unread
    this.unread = 0
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  private consume(chunks: ReadonlyArray<Uint8Array>): void {
    let octets = 0
    for (const chunk of chunks) octets += chunk.length
    octets = Math.min(octets, this.unread)
    this.unread -= octets
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  /** The whole body, where all of it has come and nothing of it was handed out; undefined otherwise. */
  takeWhole(): ReadonlyArray<Uint8Array> | undefined {
    if (!this.isEnded || this.queue !== undefined || this.unread !== this.received) return undefined
    const chunks = this.takeArray()
    this.consume(chunks)
    return chunks
  }

  /** All that is there, in order: what is in the Queue came before what is in the array. Waits where there is nothing. */
  get pull(): Pull {
    return (this.pulling ??= Effect.suspend(() => this.pullNow()))
  }

  private pullNow(): Pull {
    const { queue } = this
    if (queue === undefined || Option.getOrElse(queue.unsafeSize(), () => 0) <= 0) return this.pullArray()
    return Effect.map(Queue.take(queue), (octets) => {
      this.consume(Chunk.toReadonlyArray(octets))
      return octets
    })
  }

  private pullArray(): Pull {
    if (this.chunks.length > 0) {
      const chunks = this.takeArray()
      this.consume(chunks)
      return Effect.succeed(Chunk.unsafeFromArray(chunks))
    }
    if (this.failure !== undefined) return Effect.fail(this.failure)
    if (this.lostOn !== 0)
      return Effect.fail(usageError(this.lostOn, "8.1", "the body was given up before it was read"))
    if (this.isEnded) return ended
    this.owner.bodyWanted()
    return this.queue === undefined ? this.openQueue() : this.wait
  }

  private openQueue(): Pull {
    return Effect.flatMap(Queue.bounded<Octets>(capacity), (queue) => {
      this.queue = queue
      return this.pull
    })
  }

  /** Without a finalizer, which would be most of its cost: see `waiter`. */
  private get wait(): Pull {
    return (this.waiting ??= Effect.async((resume) => {
      this.waiter = resume
    }))
  }
}

/** The body on a stream, whose inbox `BodyQueue` is; undefined where there is none. */
export const bodyOf = ({ body }: { readonly body: Inbox | undefined }): BodyQueue | undefined => {
  if (body === undefined || body instanceof BodyQueue) return body
  throw new Error("the inbox is another skin's")
}
