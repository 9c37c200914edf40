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
import { emptyOctets } from "@effect-http2/engine/octets"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import { ReceivedBody, smallChunk } from "@effect-http2/engine/stream/receivedBody"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Http2Error } from "../Http2Error.js"

/**
 * Slots that `window` octets can fill. An element has 1,024 octets or more, but for one that was offered to a reader that waited and was interrupted, and
 * one that the next reader has found outside the Queue.
 */
export const slotsOf = (window: number): number => Math.ceil(Math.max(window, 0) / smallChunk) + 2

/** The next chunks of a body; none at its end. */
export type Pull = Effect.Effect<Chunks, Http2Error>

type Chunks = Chunk.Chunk<Uint8Array>

/** Also what wakes a reader that waits for what does not come. */
const nothing: Chunks = Chunk.empty()

const ended: Pull = Effect.succeed(nothing)

export class Body extends ReceivedBody {
  private queue: Queue.Queue<Chunks> | undefined = undefined
  /** Elements that were offered, and that no reader has got. */
  private offered = 0
  /** What was offered to a reader that waited. Where the Queue has less than was offered, an interrupted reader has taken it along. */
  private handed: Chunks | undefined = undefined
  /** Whether a reader waits, or did until it was interrupted. */
  private isAwaited = false
  /** Whether a delivery was asked for and has not happened. */
  private isDue = false
  /** The effects that a reader runs, made when one comes. */
  private pulling: Pull | undefined = undefined
  private waiting: Pull | undefined = undefined

  constructor(
    owner: InboxOwner,
    /** Octets of the stream's window. */
    private readonly window: number
  ) {
    super(owner)
  }

  // ------------------------------------------------------------------ what arrives

  push(data: Uint8Array): void {
    if (!this.count(data)) return
    this.keep(data, this.isAwaited, 0)
    if (this.queue !== undefined) this.wake()
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
    if (!this.isAwaited) {
      const chunks = this.takeFull()
      if (chunks.length > 0) this.offer(queue, chunks)
      return
    }
    if (!this.hasChunks && !this.isOver) return
    this.isAwaited = false
    this.handed = this.offer(queue, this.takeAll())
  }

  /** Offers `chunks`, as one element. Where our window became larger than it was when the Queue was made, they may have to wait for the next reader. */
  private offer(queue: Queue.Queue<Chunks>, chunks: Array<Uint8Array>): Chunks | undefined {
    const element = Chunk.unsafeFromArray(chunks)
    if (queue.unsafeOffer(element)) {
      this.offered++
      return element
    }
    this.putBack(chunks)
    return undefined
  }

  protected wakeAtEnd(): void {
    if (this.isAwaited) this.wake()
  }

  /** Waits until all of the body has arrived, read or not. */
  awaitEnd(): Effect.Effect<void, Http2Error> {
    return Effect.async((resume) => {
      this.onOver((failure) => resume(failure === undefined ? Effect.void : Effect.fail(failure)))
    })
  }

  override discard(streamId: number): void {
    // Who waits has an empty Queue.
    if (!this.isAwaited) {
      this.queue = undefined
      this.waiting = undefined
    }
    this.offered = 0
    this.handed = undefined
    super.discard(streamId)
  }

  // ------------------------------------------------------------------ reading

  /** What is there, in order. Waits where there is nothing. One reader at a time. */
  get pull(): Pull {
    return (this.pulling ??= Effect.suspend(() => this.next()))
  }

  private next(): Pull {
    const { queue } = this
    if (queue === undefined) return this.isOver ? this.rest() : this.open()
    if (this.hasChunks) this.offer(queue, this.takeAll())
    return this.offered > 0 ? this.take(queue) : this.none(queue)
  }

  /** What a body that is over has left, without a Queue. */
  private rest(): Pull {
    return this.hasChunks ? this.succeed(Chunk.unsafeFromArray(this.takeAll())) : this.none(undefined)
  }

  private open(): Pull {
    return Effect.flatMap(Queue.bounded<Chunks>(slotsOf(this.window)), (queue) => {
      this.queue ??= queue
      this.openQueue()
      return this.pull
    })
  }

  private none(queue: Queue.Queue<Chunks> | undefined): Pull {
    const { missing } = this
    if (missing !== undefined) return Effect.fail(missing)
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
    return chunks.length > 0 ? this.succeed(chunks) : this.pull
  }

  private succeed(chunks: Chunks): Pull {
    this.consume(Chunk.toReadonlyArray(chunks))
    return Effect.succeed(chunks)
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
  return body === undefined ? emptyOctets : body.takeWhole(limit)
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
