/**
 * The body of a message that arrives, between the dispatcher, which never waits, and a reader that may be slow: the engine's Inbox as a bounded Queue.
 *
 * There is no Queue until a reader has to wait for the rest of a body: one that is whole by then, as most are, is handed over as it is. From then on all
 * that a reader gets comes out of the Queue, and `Queue.take` wakes it. An element is what a reader gets at once: all that has arrived until the event loop
 * has read all that it can, or the body is over, since a wake costs as much as many frames.
 *
 * FLOW CONTROL: octets are bounded by the stream's window, since credit goes back when a reader gets them; slots by octets, since small DATA is copied
 * together while it waits. So the Queue's bound follows from the window, and an offer does not fail.
 *
 * Made for each stream by Http2Connection.ts; called by the engine (push, end, fail, deliver) and by Http2IncomingMessage.ts (pull and what is made of it).
 */
import { concat, copy, emptyOctets } from "@effect-http2/engine/octets"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type Http2Error, usageError } from "../Http2Error.js"

/** Octets under which a chunk that waits is copied next to the one before it. */
const small = 1024
/** Octets of a buffer that small chunks are copied into. */
const coalesced = 4096
/** Small chunks that one delivery to a reader that waits may have, uncopied. */
const uncopied = 16

/**
 * Slots that `window` octets can fill. An element has 1,024 octets or more, but for one that was offered to a reader that waited and was interrupted, and
 * one that the next reader has found outside the Queue.
 */
export const slotsOf = (window: number): number => Math.ceil(Math.max(window, 0) / small) + 2

/** The next chunks of a body; none at its end. */
export type Pull = Effect.Effect<Chunks, Http2Error>

type Chunks = Chunk.Chunk<Uint8Array>

/** Also what wakes a reader that waits for what does not come. */
const nothing: Chunks = Chunk.empty()

const ended: Pull = Effect.succeed(nothing)

/** `data` as something that may be kept for long: a copy, where it is a small part of the read that it came with. */
const retainable = (data: Uint8Array): Uint8Array => (data.length * 4 < data.buffer.byteLength ? copy(data) : data)

export class Body implements Inbox {
  private queue: Queue.Queue<Chunks> | undefined = undefined
  /** What is not in the Queue: everything, where there is none; else what has come since the last delivery, or small chunks that are copied together. */
  private arrived: Array<Uint8Array> = []
  /** Octets of the last element of `arrived` that are in use, where it is a buffer of ours to copy into; 0 where it is not. */
  private filled = 0
  /** Elements that were offered, and that no reader has got. */
  private offered = 0
  /** What was offered to a reader that waited. Where the Queue has less than was offered, an interrupted reader has taken it along. */
  private handed: Chunks | undefined = undefined
  /** Whether a reader waits, or did until it was interrupted. */
  private isAwaited = false
  /** Whether a delivery was asked for and has not happened. */
  private isDue = false
  private failure: Http2Error | undefined = undefined
  private endWaiters: Array<(exit: Effect.Effect<void, Http2Error>) => void> | undefined = undefined
  private isDiscarding = false
  /** The stream whose body lost octets that way, 0 where none did. */
  private lostOn = 0
  private streamId = 0
  /** The effects that a reader runs, made when one comes. */
  private pulling: Pull | undefined = undefined
  private waiting: Pull | undefined = undefined
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

  // ------------------------------------------------------------------ what arrives

  push(data: Uint8Array): void {
    this.received += data.length
    if (this.isDiscarding) {
      this.lostOn = this.streamId
      return this.owner.bodyConsumed(data.length)
    }
    this.unread += data.length
    if (data.length < small && (!this.isAwaited || this.arrived.length >= uncopied)) this.coalesce(data)
    else {
      this.seal()
      // A reader that waits gets it soon; who does not may leave it here for long.
      this.arrived.push(this.isAwaited ? data : retainable(data))
    }
    if (this.queue !== undefined) this.wake()
  }

  private coalesce(data: Uint8Array): void {
    const buffer = this.arrived[this.arrived.length - 1]
    if (this.filled > 0 && buffer !== undefined && this.filled + data.length <= buffer.length) {
      buffer.set(data, this.filled)
      this.filled += data.length
      return
    }
    this.seal()
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

  private takeArrived(): Chunks {
    this.seal()
    const { arrived } = this
    this.arrived = []
    return Chunk.unsafeFromArray(arrived)
  }

  private wake(): void {
    if (this.isDue && !this.isOver) return
    this.isDue = true
    this.owner.deliverLater(this)
  }

  /** Into the Queue: what has arrived, or, to a reader that waits, that nothing will. */
  deliver(): void {
    this.isDue = false
    const { queue } = this
    if (queue === undefined) return
    if (!this.isAwaited) return this.offerWhole(queue)
    if (this.arrived.length === 0 && !this.isOver) return
    this.isAwaited = false
    this.handed = this.offer(queue)
  }

  /** Offers what has arrived, as one element. Where our window became larger than it was when the Queue was made, it may have to wait for the next reader. */
  private offer(queue: Queue.Queue<Chunks>): Chunks | undefined {
    const chunks = this.takeArrived()
    if (queue.unsafeOffer(chunks)) {
      this.offered++
      return chunks
    }
    this.arrived = Array.from(chunks)
    return undefined
  }

  /** Offers what has arrived, but for a buffer that more may be copied into. */
  private offerWhole(queue: Queue.Queue<Chunks>): void {
    const { filled } = this
    const last = filled > 0 ? this.arrived.pop() : undefined
    this.filled = 0
    if (this.arrived.length > 0) this.offer(queue)
    if (last === undefined) return
    this.arrived.push(last)
    this.filled = filled
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
    if (this.isAwaited) this.wake()
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
    this.arrived = []
    this.filled = 0
    // Who waits has an empty Queue.
    if (!this.isAwaited) {
      this.queue = undefined
      this.waiting = undefined
    }
    this.offered = 0
    this.handed = undefined
    const octets = this.unread
    this.unread = 0
    if (octets > 0) this.owner.bodyConsumed(octets)
  }

  // ------------------------------------------------------------------ reading

  /** What is there, in order. Waits where there is nothing. One reader at a time. */
  get pull(): Pull {
    return (this.pulling ??= Effect.suspend(() => this.next()))
  }

  private next(): Pull {
    const { queue } = this
    if (queue === undefined) return this.isOver ? this.rest() : this.open()
    if (this.arrived.length > 0) this.offer(queue)
    return this.offered > 0 ? this.take(queue) : this.none(queue)
  }

  /** What a body that is over has left, without a Queue. */
  private rest(): Pull {
    return this.arrived.length > 0 ? Effect.succeed(this.consume(this.takeArrived())) : this.none(undefined)
  }

  private open(): Pull {
    return Effect.flatMap(Queue.bounded<Chunks>(slotsOf(this.window)), (queue) => {
      this.queue ??= queue
      return this.pull
    })
  }

  private none(queue: Queue.Queue<Chunks> | undefined): Pull {
    if (this.failure !== undefined) return Effect.fail(this.failure)
    if (this.lostOn !== 0)
      return Effect.fail(usageError(this.lostOn, "8.1", "the body was given up before it was read"))
    if (this.isEnded || queue === undefined) return ended
    this.owner.bodyWanted()
    this.isAwaited = true
    return (this.waiting ??= Effect.flatMap(Queue.take(queue), (chunks) => this.give(queue, chunks)))
  }

  /** The next element, which is in the Queue, or nowhere since an interrupted reader has taken it along. */
  private take(queue: Queue.Queue<Chunks>): Pull {
    const { handed } = this
    const isInQueue = handed === undefined || Option.contains(queue.unsafeSize(), this.offered)
    // Uninterruptible, since what has left the Queue is nowhere else.
    return isInQueue
      ? Effect.flatten(Effect.uninterruptible(Effect.map(Queue.take(queue), (chunks) => this.give(queue, chunks))))
      : this.give(queue, handed)
  }

  private give(queue: Queue.Queue<Chunks>, chunks: Chunks): Pull {
    // It was given up meanwhile.
    if (queue !== this.queue) return this.pull
    this.offered--
    this.handed = undefined
    return chunks.length > 0 ? Effect.succeed(this.consume(chunks)) : this.pull
  }

  /** FLOW CONTROL: WINDOW_UPDATE: send: what a reader gets goes back to the windows. */
  private consume(chunks: Chunks): Chunks {
    let octets = 0
    for (const chunk of Chunk.toReadonlyArray(chunks)) octets += chunk.length
    octets = Math.min(octets, this.unread)
    this.unread -= octets
    if (octets > 0) this.owner.bodyConsumed(octets)
    return chunks
  }

  /** The whole body, where all of it has come and nothing of it was handed out; undefined otherwise. */
  takeWhole(): ReadonlyArray<Uint8Array> | undefined {
    if (!this.isEnded || this.queue !== undefined || this.unread !== this.received) return undefined
    return Chunk.toReadonlyArray(this.consume(this.takeArrived()))
  }
}

/** The body on a stream; undefined where there is none. */
export const bodyOf = ({ body }: { readonly body: Inbox | undefined }): Body | undefined => {
  if (body === undefined || body instanceof Body) return body
  throw new Error("the inbox is another skin's")
}

/** A message without a body is whole, whatever becomes of its stream (§8.1). */
export const pull = (stream: EngineStream): Pull => bodyOf(stream)?.pull ?? ended

/** The whole body, where it has arrived, nothing of it was read, and it is not longer than `limit`: no Stream, no effect. */
export const takeWhole = (stream: EngineStream, limit: number): Uint8Array | undefined => {
  const body = bodyOf(stream)
  if (body === undefined) return emptyOctets
  const chunks = body.received <= limit ? body.takeWhole() : undefined
  return chunks === undefined ? undefined : concat(chunks)
}

/** The body as a Stream. */
export const toStream = (stream: EngineStream): Stream.Stream<Uint8Array, Http2Error> =>
  Stream.fromChannel(Channel.suspend(() => readFrom(pull(stream))))

type Reading = Channel.Channel<Chunks, unknown, Http2Error, unknown, void>

/** A loop of our own costs half of what the Stream constructors do for each pull. */
const readFrom = (pull: Pull): Reading => {
  const next: Reading = Channel.flatMap(Channel.fromEffect(pull), (chunks) =>
    chunks.length === 0 ? Channel.void : Channel.flatMap(Channel.write(chunks), () => next)
  )
  return next
}
