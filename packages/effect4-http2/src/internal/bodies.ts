/**
 * The body of a message that arrives, between the dispatcher, which never waits, and a reader that may be slow: the engine's Inbox as a bounded Queue.
 *
 * There is no Queue until a reader has to wait for the rest of a body: one that is whole by then, as most are, is handed over as it is. From then on all
 * that a reader gets comes out of the Queue, which wakes it once the event loop has read all that it can, since a wake costs as much as many frames; where
 * the body is over, at the end of the turn.
 *
 * FLOW CONTROL: octets are bounded by the stream's window, since credit goes back when a reader gets them; slots by octets, since small DATA is copied
 * together while it waits. So the Queue's bound follows from the window, and an offer does not fail.
 *
 * Made for each stream by Http2Connection.ts; called by the engine (push, end, fail, discard, deliver) and by Http2IncomingMessage.ts.
 */
import { concat, copy, emptyOctets } from "@effect-http2/engine/octets"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type Http2Error, usageError } from "../Http2Error.js"
import { awaitEngine } from "./wake.js"

/** Octets under which a chunk that waits is copied next to the one before it. */
const small = 1024
/** Octets of a buffer that small chunks are copied into. */
const coalesced = 4096
/** Small chunks that one delivery to a reader that waits may have, uncopied. */
const uncopied = 16

/**
 * Slots that `window` octets can fill. A chunk in the Queue has 1,024 octets or more, but for the small ones of the delivery that found the Queue empty,
 * and for one between two that have: a buffer that a large chunk has closed.
 */
export const slotsOf = (window: number): number => uncopied + 2 * (Math.ceil(Math.max(window, 0) / small) + 1)

/** The next chunks of a body. */
export type Reading = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, Http2Error>

type BodyQueue = Queue.Queue<Uint8Array, Http2Error | Cause.Done>

/** `data` as something that may be kept for long: a copy, where it is a small part of the read that it came with. */
const retainable = (data: Uint8Array): Uint8Array => (data.length * 4 < data.buffer.byteLength ? copy(data) : data)

export class Body implements Inbox {
  private queue: BodyQueue | undefined = undefined
  /** What is not in the Queue: everything, where there is none; else what has no slot, or small chunks that are copied together. */
  private arrived: Array<Uint8Array> = []
  /** Octets of the last element of `arrived` that are in use, where it is a buffer of ours to copy into; 0 where it is not. */
  private filled = 0
  private failure: Http2Error | undefined = undefined
  private endWaiters: Array<(exit: Effect.Effect<void, Http2Error>) => void> | undefined = undefined
  private isDiscarding = false
  /** Whether octets were given up that way, and on which stream. */
  private isLost = false
  private streamId = 0
  /** Whether the peer has ended the body. */
  isEnded = false
  /** Octets that were pushed and not read: what the windows lack. */
  unread = 0
  /** Octets that were pushed, in all. */
  received = 0

  constructor(
    private readonly owner: InboxOwner,
    /** Octets of the stream's window. */
    private readonly window: number
  ) {}

  /** Whether every octet was read and no more will come. */
  get isDone(): boolean {
    return this.isEnded && this.unread === 0
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.isEnded || this.failure !== undefined
  }

  /** Whether a reader waits. */
  private get isAwaited(): boolean {
    const { queue } = this
    return queue !== undefined && queue.state._tag !== "Done" && queue.state.takers.size > 0
  }

  // ------------------------------------------------------------------ what arrives

  push(data: Uint8Array): void {
    this.received += data.length
    if (this.isDiscarding) {
      this.isLost = true
      return this.owner.bodyConsumed(data.length)
    }
    this.unread += data.length
    const { isAwaited, queue } = this
    const isScarce = !isAwaited || queue === undefined || Queue.sizeUnsafe(queue) >= uncopied
    if (data.length < small && isScarce) return this.coalesce(data)
    this.seal()
    // A reader that waits gets it soon; who does not may leave it here for long.
    this.arrived.push(isAwaited ? data : retainable(data))
    if (queue !== undefined) this.offerAll(queue)
  }

  private coalesce(data: Uint8Array): void {
    const buffer = this.arrived[this.arrived.length - 1]
    if (this.filled > 0 && buffer !== undefined && this.filled + data.length <= buffer.length) {
      buffer.set(data, this.filled)
      this.filled += data.length
      return
    }
    this.seal()
    if (this.queue !== undefined) this.offerAll(this.queue)
    const fresh = new Uint8Array(this.arrived.length === 0 && this.queue === undefined ? data.length : coalesced)
    fresh.set(data)
    this.filled = data.length
    this.arrived.push(fresh)
  }

  /** Cuts the buffer that was copied into to what is in use. */
  private seal(): void {
    const last = this.arrived.length - 1
    const buffer = this.arrived[last]
    if (this.filled > 0 && buffer !== undefined) this.arrived[last] = buffer.subarray(0, this.filled)
    this.filled = 0
  }

  /** What has arrived goes into the Queue. Where our window became larger than it was when the Queue was made, what has no slot waits for the next reader. */
  private offerAll(queue: BodyQueue): void {
    const chunks = this.takeArrived()
    if (chunks.length > 0) this.arrived = Queue.offerAllUnsafe(queue, chunks)
  }

  private takeArrived(): Array<Uint8Array> {
    this.seal()
    const { arrived } = this
    this.arrived = []
    return arrived
  }

  end(): void {
    this.isEnded = true
    this.over(Effect.void)
  }

  /** The rest will not come. What has come is still handed out before the error is. */
  fail(error: Http2Error): void {
    if (this.isOver) return
    this.failure = error
    this.over(Effect.fail(error))
  }

  private over(exit: Effect.Effect<void, Http2Error>): void {
    // Behind the engine's turn: who is woken runs at once.
    if (this.isAwaited) this.owner.deliverLater(this)
    const waiters = this.endWaiters
    this.endWaiters = undefined
    if (waiters !== undefined) for (const waiter of waiters) waiter(exit)
  }

  /** To the reader that waits: all that has arrived, and that nothing more will. */
  deliver(): void {
    const { queue } = this
    if (queue === undefined) return
    this.offerAll(queue)
    this.closeBehind(queue)
    Queue.flushUnsafe(queue)
  }

  /** Where nothing more comes, and all of it is in the Queue, that ends behind it. */
  private closeBehind(queue: BodyQueue): void {
    if (!this.isOver || this.arrived.length > 0) return
    if (this.failure !== undefined) Queue.failCauseUnsafe(queue, Cause.fail(this.failure))
    else if (this.isLost) Queue.failCauseUnsafe(queue, Cause.fail(this.givenUp))
    else Queue.endUnsafe(queue)
  }

  private get givenUp(): Http2Error {
    return usageError(this.streamId, "8.1", "the body was given up before it was read")
  }

  /** Waits until all of the body has arrived, read or not. */
  awaitEnd(): Effect.Effect<void, Http2Error> {
    return awaitEngine((resume) => {
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
    if (this.unread > 0) this.isLost = true
    this.arrived = []
    this.filled = 0
    // Who waits has an empty Queue.
    if (!this.isAwaited) this.queue = undefined
    const octets = this.unread
    this.unread = 0
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  // ------------------------------------------------------------------ reading

  /** All that is there, in order. Waits where there is nothing. One reader at a time. */
  get pull(): Reading {
    return Effect.suspend(() => this.next())
  }

  private next(): Reading {
    const { queue } = this
    if (queue !== undefined) return this.take(queue)
    return this.isOver || this.isDiscarding ? this.rest() : this.open()
  }

  /** What a body that is over has left, without a Queue. */
  private rest(): Reading {
    const chunks = this.takeArrived()
    if (Arr.isArrayNonEmpty(chunks)) return Effect.succeed(this.consume(chunks))
    if (this.failure !== undefined) return Effect.fail(this.failure)
    return this.isEnded && !this.isLost ? Cause.done() : Effect.fail(this.givenUp)
  }

  private open(): Reading {
    return Effect.flatMap(Queue.bounded<Uint8Array, Http2Error | Cause.Done>(slotsOf(this.window)), (queue) => {
      this.queue = queue
      return this.take(queue)
    })
  }

  /** What is taken has left the Queue and counts as read in the same step, so that interruption loses nothing. */
  private take(queue: BodyQueue): Reading {
    if (this.arrived.length > 0) this.offerAll(queue)
    this.closeBehind(queue)
    if (!this.isOver && Queue.sizeUnsafe(queue) === 0) this.owner.bodyWanted()
    return Effect.map(Queue.takeAll(queue), (chunks) => this.consume(chunks))
  }

  /** FLOW CONTROL: WINDOW_UPDATE: send: what a reader gets goes back to the windows. */
  private consume<Chunks extends ReadonlyArray<Uint8Array>>(chunks: Chunks): Chunks {
    let octets = 0
    for (const chunk of chunks) octets += chunk.length
    octets = Math.min(octets, this.unread)
    this.unread -= octets
    if (octets > 0) this.owner.bodyConsumed(octets)
    return chunks
  }

  /** The whole body, where all of it has come and nothing of it was handed out; undefined otherwise. */
  takeWhole(): ReadonlyArray<Uint8Array> | undefined {
    if (!this.isEnded || this.queue !== undefined || this.unread !== this.received) return undefined
    return this.consume(this.takeArrived())
  }
}

/** The body on a stream; undefined where there is none. */
export const bodyOf = ({ body }: { readonly body: Inbox | undefined }): Body | undefined => {
  if (body === undefined || body instanceof Body) return body
  throw new Error("the inbox is another skin's")
}

/** The whole body, where it has arrived, nothing of it was read, and it is not longer than `limit`: no Stream, no effect. */
export const takeWhole = (stream: EngineStream, limit: number): Uint8Array | undefined => {
  const body = bodyOf(stream)
  if (body === undefined) return emptyOctets
  const chunks = body.received <= limit ? body.takeWhole() : undefined
  return chunks === undefined ? undefined : concat(chunks)
}

/** The body as a Stream. A message without a body is whole, whatever becomes of its stream (§8.1). */
export const toStream = (stream: EngineStream): Stream.Stream<Uint8Array, Http2Error> => {
  const body = bodyOf(stream)
  return body === undefined ? Stream.empty : Stream.fromPull(Effect.succeed(body.pull))
}
