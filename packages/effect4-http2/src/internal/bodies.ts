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
import { emptyOctets } from "@effect-http2/engine/octets"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import { maxUncopied, ReceivedBody, smallChunk } from "@effect-http2/engine/stream/receivedBody"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Http2Error } from "../Http2Error.js"
import { awaitEngine } from "./wake.js"

/**
 * Slots that `window` octets can fill. A chunk in the Queue has 1,024 octets or more, but for the small ones of the delivery that found the Queue empty,
 * and for one between two that have: a buffer that a large chunk has closed.
 */
export const slotsOf = (window: number): number => maxUncopied + 2 * (Math.ceil(Math.max(window, 0) / smallChunk) + 1)

/** The next chunks of a body. */
export type Reading = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, Http2Error>

type BodyQueue = Queue.Queue<Uint8Array, Http2Error | Cause.Done>

export class Body extends ReceivedBody {
  private queue: BodyQueue | undefined = undefined

  constructor(
    owner: InboxOwner,
    /** Octets of the stream's window. */
    private readonly window: number
  ) {
    super(owner)
  }

  /** Whether a reader waits. */
  private get isAwaited(): boolean {
    const { queue } = this
    return queue !== undefined && queue.state._tag !== "Done" && queue.state.takers.size > 0
  }

  // ------------------------------------------------------------------ what arrives

  push(data: Uint8Array): void {
    if (!this.count(data)) return
    const { queue } = this
    this.keep(data, this.isAwaited, queue === undefined ? 0 : Queue.sizeUnsafe(queue))
    if (queue !== undefined) this.offer(queue, this.takeFull())
  }

  /** `chunks` go into the Queue. Where our window became larger than it was when the Queue was made, what has no slot waits for the next reader. */
  private offer(queue: BodyQueue, chunks: Array<Uint8Array>): void {
    if (chunks.length === 0) return
    const left = Queue.offerAllUnsafe(queue, chunks)
    if (left.length > 0) this.putBack(left)
  }

  protected wakeAtEnd(): void {
    // Behind the engine's turn: who is woken runs at once.
    if (this.isAwaited) this.owner.deliverLater(this)
  }

  /** To the reader that waits: all that has arrived, and that nothing more will. */
  deliver(): void {
    const { queue } = this
    if (queue === undefined) return
    this.offer(queue, this.takeAll())
    this.closeBehind(queue)
    Queue.flushUnsafe(queue)
  }

  /** Where nothing more comes, and all of it is in the Queue, that ends behind it. */
  private closeBehind(queue: BodyQueue): void {
    if (!this.isOver || this.hasChunks) return
    const { missing } = this
    if (missing === undefined) Queue.endUnsafe(queue)
    else Queue.failCauseUnsafe(queue, Cause.fail(missing))
  }

  /** Waits until all of the body has arrived, read or not. */
  awaitEnd(): Effect.Effect<void, Http2Error> {
    return awaitEngine((resume) => {
      this.onOver((failure) => resume(failure === undefined ? Effect.void : Effect.fail(failure)))
    })
  }

  override discard(streamId: number): void {
    // Who waits has an empty Queue.
    if (!this.isAwaited) this.queue = undefined
    super.discard(streamId)
  }

  // ------------------------------------------------------------------ reading

  /** All that is there, in order. Waits where there is nothing. One reader at a time. */
  get pull(): Reading {
    return Effect.suspend(() => this.next())
  }

  private next(): Reading {
    const { queue } = this
    if (queue !== undefined) return this.take(queue)
    return this.isOver || this.missing !== undefined ? this.rest() : this.open()
  }

  /** What a body that is over has left, without a Queue. */
  private rest(): Reading {
    const chunks = this.takeAll()
    if (Arr.isArrayNonEmpty(chunks)) return Effect.succeed(this.give(chunks))
    const { missing } = this
    return missing === undefined ? Cause.done() : Effect.fail(missing)
  }

  private open(): Reading {
    return Effect.flatMap(Queue.bounded<Uint8Array, Http2Error | Cause.Done>(slotsOf(this.window)), (queue) => {
      this.queue = queue
      this.openQueue()
      return this.take(queue)
    })
  }

  /** What is taken has left the Queue and counts as read in the same step, so that interruption loses nothing. */
  private take(queue: BodyQueue): Reading {
    this.offer(queue, this.takeAll())
    this.closeBehind(queue)
    if (!this.isOver && Queue.sizeUnsafe(queue) === 0) this.owner.bodyWanted()
    return Effect.map(Queue.takeAll(queue), (chunks) => this.give(chunks))
  }

  private give<Chunks extends ReadonlyArray<Uint8Array>>(chunks: Chunks): Chunks {
    this.consume(chunks)
    return chunks
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
  return body === undefined ? emptyOctets : body.takeWhole(limit)
}

/** The body as a Stream. A message without a body is whole, whatever becomes of its stream (§8.1). */
export const toStream = (stream: EngineStream): Stream.Stream<Uint8Array, Http2Error> => {
  const body = bodyOf(stream)
  return body === undefined ? Stream.empty : Stream.fromPull(Effect.succeed(body.pull))
}
