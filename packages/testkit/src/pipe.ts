/**
 * The transport under an engine in memory: what the far side sends arrives at once, what the engine writes is kept for the far side, which decides whether
 * it is read: what is not counts as pending. Both sides can end, and the far side can break the connection.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { concat } from "./octets.js"

type Reads = Chunk.Chunk<Uint8Array>
type Pull = Effect.Effect<Reads, TransportError>

const over: Pull = Effect.succeed(Chunk.empty())

export class Pipe implements Transport {
  readonly peer = { remote: undefined, local: undefined, tls: undefined }
  readonly incoming: Stream.Stream<Uint8Array, TransportError>
  isClosed = false
  /** Whether the engine has ended its side. */
  isEnded = false
  /** Whether what is written is taken over at once. */
  isRead = true
  /** Octets that the engine wrote, in all. */
  written = 0
  private arrived: Array<Uint8Array> = []
  private outcome: Pull | undefined = undefined
  private waiter: ((pull: Pull) => void) | undefined = undefined
  private output: Array<Uint8Array> = []
  private pending = 0
  private listener: (() => void) | undefined = undefined
  private readonly flushed = new Set<() => void>()
  private onWritten: () => void = () => {}

  /** `defer`: runs a task once the engine has nothing else to do. */
  constructor(readonly defer: (task: () => void) => void) {
    const pull: Pull = Effect.async((resume) => {
      this.waiter = resume
      this.wake()
      return Effect.sync(() => {
        this.waiter = undefined
      })
    })
    const loop: Channel.Channel<Reads, unknown, TransportError, unknown, void> = Channel.flatMap(
      Channel.fromEffect(pull),
      (reads) => (reads.length === 0 ? Channel.void : Channel.flatMap(Channel.write(reads), () => loop))
    )
    this.incoming = Stream.fromChannel(loop)
  }

  // ------------------------------------------------------------------ the far side

  /** Sends one read. Returns without running anything. */
  send(octets: Uint8Array): void {
    if (octets.length === 0 || this.outcome !== undefined) return
    this.arrived.push(octets)
    this.wake()
  }

  /** Ends the far side. */
  sendEnd(): void {
    this.outcome ??= over
    this.wake()
  }

  /** Breaks the connection. */
  reset(): void {
    this.outcome ??= Effect.fail(
      new Http2Error.TransportError({ reason: "Reset", description: "broken by the far side" })
    )
    this.isRead = true
    this.wake()
    this.drain()
  }

  /** What the engine wrote since the last time; nothing while it is not read. */
  take(): Uint8Array {
    if (!this.isRead || this.output.length === 0) return new Uint8Array(0)
    const octets = concat(this.output)
    this.output = []
    return octets
  }

  /** `listener` is called when the engine has written, or ended its side. */
  listen(listener: () => void): void {
    this.onWritten = listener
    listener()
  }

  setRead(isRead: boolean): void {
    this.isRead = isRead
    if (isRead) this.drain()
  }

  private wake(): void {
    const { waiter } = this
    if (waiter === undefined) return
    if (this.arrived.length > 0) {
      const reads = this.arrived
      this.arrived = []
      this.waiter = undefined
      waiter(Effect.succeed(Chunk.unsafeFromArray(reads)))
    } else if (this.outcome !== undefined) {
      this.waiter = undefined
      waiter(this.outcome)
    }
  }

  private drain(): void {
    this.pending = 0
    for (const done of this.flushed) done()
    this.flushed.clear()
    if (this.listener !== undefined) this.defer(() => this.release())
  }

  private release(): void {
    const { listener } = this
    if (listener === undefined || this.pendingOctets() > 0) return
    this.listener = undefined
    listener()
  }

  // ------------------------------------------------------------------ the engine's side

  readonly write = (chunks: ReadonlyArray<Uint8Array>): boolean => {
    if (this.isEnded) return true
    const octets = concat(chunks)
    this.written += octets.length
    this.output.push(octets)
    if (!this.isRead) this.pending += octets.length
    this.onWritten()
    return true
  }

  readonly pendingOctets = (): number => (this.isClosed ? 0 : this.pending)

  readonly onDrain = (listener: () => void): void => {
    this.listener = listener
    if (this.pendingOctets() === 0) this.defer(() => this.release())
  }

  readonly end: Effect.Effect<void> = Effect.async((resume) => {
    this.isEnded = true
    this.onWritten()
    if (this.pendingOctets() === 0) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    this.flushed.add(done)
    return Effect.sync(() => {
      this.flushed.delete(done)
    })
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    this.isClosed = true
    this.isEnded = true
    this.sendEnd()
    this.drain()
    this.onWritten()
  })
}
