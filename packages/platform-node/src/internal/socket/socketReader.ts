/**
 * The hand-over from a socket's 'data' events to a pulled Stream. It owns what has arrived and was not pulled yet, and pauses the
 * socket when that is more than one chunk, so that a slow reader holds back its peer and not our memory. A reader that waits is woken at once,
 * or, where a chunk is so large that more of it follows, once for all that the event loop reads in one turn.
 *
 * Made and called by `socketTransport`, one for each connection.
 */
import { TransportError } from "@effect-http2/http2/Http2Error"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Net from "node:net"
import { fromSocketError } from "./socketError.js"

type Arrived = Chunk.Chunk<Uint8Array>
type Pull = Effect.Effect<Arrived, TransportError>
type Loop = Channel.Channel<Arrived, unknown, TransportError, unknown, void>

/** The empty chunk stands for the end, since no read is empty. */
const ended: Pull = Effect.succeed(Chunk.empty())

/** Octets of a chunk behind which more is likely to lie: a whole record of TLS; on plain sockets, Node reads up to four times that. */
const large = 16_384
/** Octets for which a reader that waits is woken, whatever follows. */
const most = 262_144

export class SocketReader {
  private arrived: Array<Uint8Array> = []
  private waiter: ((pull: Pull) => void) | undefined = undefined
  private outcome: Pull | undefined = undefined
  private paused = false
  /** Octets of `arrived`, where a reader waits for them. */
  private gathered = 0
  private isWakeDue = false

  readonly stream: Stream.Stream<Uint8Array, TransportError>

  /** `refuse` says what is wrong with the first octets, or with none: what a peer of another protocol sends is not handed on. */
  constructor(
    private readonly socket: Net.Socket,
    private refuse?: (first: Uint8Array | undefined) => TransportError | undefined
  ) {
    this.stream = Stream.fromChannel(this.makeLoop())
    if (socket.destroyed || socket.readableEnded) {
      // What will be emitted has been emitted already.
      this.outcome = socket.readableEnded ? ended : Effect.fail(closedError(socket))
      return
    }
    socket.on("data", this.onData)
    socket.on("end", this.onEnd)
    // A socket that was paused by its former owner stays so after a 'data' listener is added.
    if (socket.isPaused()) socket.resume()
  }

  /**
   * The cheapest of the shapes that were measured: what is there already is written without an Effect in between, and the wait has no
   * finalizer (a third of the cost of a read). A reader that was interrupted while it waited leaves its `waiter` behind, which swallows one
   * chunk; nobody else reads it, since `incoming` is run once.
   */
  private makeLoop(): Loop {
    const wait: Pull = Effect.async((resume) => {
      this.waiter = resume
    })
    const next = (): Loop => {
      if (this.arrived.length > 0) return handOn(this.take())
      return this.outcome === undefined ? awaitNext : Channel.flatMap(Channel.fromEffect(this.outcome), handOn)
    }
    const handOn = (arrived: Arrived): Loop =>
      arrived.length === 0 ? Channel.void : Channel.flatMap(Channel.write(arrived), next)
    const awaitNext: Loop = Channel.flatMap(Channel.fromEffect(wait), handOn)
    return Channel.suspend(next)
  }

  /** The connection broke. What arrived before is still handed on. */
  fail(error: TransportError): void {
    this.settle(Effect.fail(error))
  }

  /** Our own close: nothing more is handed on. */
  close(): void {
    this.arrived = []
    this.detach()
    this.settle(ended)
  }

  /** The socket's 'close' event came. */
  onClose(): void {
    // Behind the end of the peer's side it is nothing new: no error is made for it.
    if (this.outcome === undefined) this.fail(closedError(this.socket))
  }

  private readonly onData = (chunk: Uint8Array): void => {
    if (this.refuse !== undefined && this.isRefused(chunk)) return
    this.arrived.push(chunk)
    if (this.waiter === undefined) {
      if (this.arrived.length > 1 && !this.paused) {
        this.paused = true
        this.socket.pause()
      }
      return
    }
    this.gathered += chunk.length
    if (chunk.length < large || this.gathered >= most) this.wake(Effect.succeed(this.take()))
    else if (!this.isWakeDue) {
      this.isWakeDue = true
      setImmediate(this.onLoopEnd)
    }
  }

  /** The event loop has read what it can for now. */
  private readonly onLoopEnd = (): void => {
    this.isWakeDue = false
    if (this.waiter !== undefined && this.arrived.length > 0) this.wake(Effect.succeed(this.take()))
  }

  /** Gives `pull` to the reader that waits, if one does. */
  private wake(pull: Pull): void {
    const { waiter } = this
    this.waiter = undefined
    waiter?.(pull)
  }

  private readonly onEnd = (): void => {
    if (this.refuse === undefined || !this.isRefused(undefined)) this.settle(ended)
  }

  /** Looks once. */
  private isRefused(first: Uint8Array | undefined): boolean {
    const refusal = this.refuse?.(first)
    this.refuse = undefined
    if (refusal === undefined) return false
    this.fail(refusal)
    this.socket.destroy()
    return true
  }

  private take(): Arrived {
    const chunk = Chunk.unsafeFromArray(this.arrived)
    this.arrived = []
    this.gathered = 0
    if (this.paused) {
      this.paused = false
      this.socket.resume()
    }
    return chunk
  }

  private settle(outcome: Pull): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.detach()
    this.takeBuffered()
    this.wake(this.arrived.length > 0 ? Effect.sync(() => this.take()) : outcome)
  }

  /** While paused, Node fills its own buffer up to its high water mark; a socket that broke does not emit that any more. */
  private takeBuffered(): void {
    for (let chunk: unknown = this.socket.read(); chunk instanceof Uint8Array; chunk = this.socket.read()) {
      this.arrived.push(chunk)
    }
    this.paused = false
  }

  private detach(): void {
    this.socket.off("data", this.onData)
    this.socket.off("end", this.onEnd)
  }
}

const closedError = (socket: Net.Socket): TransportError =>
  socket.errored
    ? fromSocketError(socket.errored)
    : new TransportError({ transportReason: "Closed", description: "the socket was closed before the peer ended" })
