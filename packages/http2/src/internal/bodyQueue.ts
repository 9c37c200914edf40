/**
 * The incoming body of one stream, between the dispatcher that never waits and a consumer that may be slow. What arrives before anybody
 * waits is kept in an array; once the consumer has waited, it goes through a bounded Queue, and what does not fit there into the array behind
 * it. Both are bounded by the stream's flow-control window, in octets, and by coalescing, in slots.
 *
 * Called by the dispatcher's handlers (push, end, fail) and by the public body Stream (pull).
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { Http2Error } from "../Http2Error.js"
import { emptyOctets } from "./octets.js"

/** Octets under which a chunk that has to wait is copied next to the one before it: tiny DATA frames must not fill slots. */
const small = 1024
const coalesced = 4096

/** `data` as something that may be kept for long: a copy, where it is a small part of the read that it came with. */
const retainable = (data: Uint8Array): Uint8Array => (data.length * 4 < data.buffer.byteLength ? data.slice() : data)

type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<Http2Error>>

export class BodyQueue {
  private chunks: Array<Uint8Array> = []
  private queue: Queue.Queue<Uint8Array> | undefined = undefined
  /** Whether the peer has ended the body. */
  isEnded = false
  private failure: Http2Error | undefined = undefined
  private endWaiters: Array<(exit: Effect.Effect<void, Http2Error>) => void> | undefined = undefined
  /** Octets of the last element of `chunks` that are in use, where it is a buffer of ours to coalesce into; 0 where it is not. */
  private filled = 0
  private isDiscarding = false
  /** Octets that were pushed and not consumed: what the windows lack. */
  unread = 0
  /** Octets that were pushed, in all. */
  received = 0

  /** `onConsumed` gives the octets back to the windows; `onPull` is told that somebody wants the body. */
  constructor(
    private readonly onConsumed: (octets: number) => void,
    private readonly onPull: () => void
  ) {}

  /** Whether every octet was consumed and no more will come. */
  get isDone(): boolean {
    return this.isEnded && this.unread === 0
  }

  push(data: Uint8Array): void {
    this.received += data.length
    if (this.isDiscarding) return this.onConsumed(data.length)
    this.unread += data.length
    if (this.queue !== undefined && this.chunks.length === 0 && this.offer(this.queue, data)) return
    if (data.length < small) this.coalesce(data)
    else {
      this.seal()
      this.chunks.push(retainable(data))
    }
  }

  /** To a consumer that waits, as it is; to one that is busy, as something that may wait. */
  private offer(queue: Queue.Queue<Uint8Array>, data: Uint8Array): boolean {
    const isAwaited = Option.getOrElse(queue.unsafeSize(), () => 0) < 0
    return queue.unsafeOffer(isAwaited ? data : retainable(data))
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
      this.onPull()
    })
  }

  private wake(): void {
    // An empty element is a signal to look again. Where the queue is full nobody waits on it.
    if (this.queue !== undefined) this.queue.unsafeOffer(emptyOctets)
  }

  /** Nobody will read: what waits and what comes is given up, so that the windows get it back at once. */
  discard(): void {
    this.isDiscarding = true
    this.chunks = []
    this.filled = 0
    const octets = this.unread
    this.unread = 0
    if (octets > 0) this.onConsumed(octets)
  }

  private consume(chunks: ReadonlyArray<Uint8Array>): Chunk.Chunk<Uint8Array> {
    let octets = 0
    for (const chunk of chunks) octets += chunk.length
    octets = Math.min(octets, this.unread)
    this.unread -= octets
    if (octets > 0) this.onConsumed(octets)
    return Chunk.unsafeFromArray(chunks)
  }

  /** The whole body, where all of it has come and nothing of it was handed out; undefined otherwise. */
  takeWhole(): ReadonlyArray<Uint8Array> | undefined {
    if (!this.isEnded || this.queue !== undefined || this.unread !== this.received) return undefined
    this.seal()
    const chunks = this.chunks
    this.chunks = []
    this.consume(chunks)
    return chunks
  }

  /** The next chunks of the body, all that are there; fails with None at its end. */
  pull(): Pull {
    const { queue } = this
    if (queue === undefined || Option.getOrElse(queue.unsafeSize(), () => 0) <= 0) return this.pullArray()
    return Effect.flatMap(Queue.takeAll(queue), (items) => this.deliver(Chunk.toReadonlyArray(items)))
  }

  /** Hands on what was in the Queue. */
  private deliver(items: ReadonlyArray<Uint8Array>): Pull {
    const data = items.filter((item) => item.length > 0)
    return data.length > 0 ? Effect.succeed(this.consume(data)) : this.pullArray()
  }

  private pullArray(): Pull {
    if (this.chunks.length > 0) {
      this.seal()
      const chunks = this.chunks
      this.chunks = []
      return Effect.succeed(this.consume(chunks))
    }
    if (this.failure !== undefined) return Effect.fail(Option.some(this.failure))
    if (this.isEnded) return Effect.fail(Option.none())
    this.onPull()
    return this.queue === undefined ? this.openQueue() : this.await(this.queue)
  }

  private openQueue(): Pull {
    return Effect.flatMap(Queue.bounded<Uint8Array>(16), (queue) => {
      this.queue = queue
      return this.pull()
    })
  }

  private await(queue: Queue.Queue<Uint8Array>): Pull {
    return Effect.flatMap(Queue.take(queue), (item) => this.deliver([item]))
  }
}
