/**
 * Two transports joined in memory, without a socket: what is written at one end arrives at the other, cut into reads, late, or not at all,
 * as a test wants it. Used by the tests of this library and of programs built on it, and wherever two engines live in one process.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TransportError } from "./Http2Error.js"
import { concat, ended, MemoryPipe, type Latency, type Pull } from "./internal/memoryPipe.js"
import type { Peer, Transport } from "./Transport.js"

/**
 * How the connection behaves. All of it holds for both directions, except `cutOffAfter`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How what is written is cut into reads: at most so many octets for the first read, for the second, and so on, from the start again
   * after the last; or a function from the number of the read, counted from 0. A read never joins two writes. Default: one read a write.
   */
  readonly chunkSizes?: ReadonlyArray<number> | ((read: number) => number) | undefined
  /** How long it takes for what is written to arrive, by the `Clock`. Default: nothing. */
  readonly delay?: Duration.DurationInput | undefined
  /**
   * The number of octets from the first transport to the second, behind which the connection breaks: both ends fail with a
   * `TransportError` whose reason is `Reset`. Default: never.
   */
  readonly cutOffAfter?: number | undefined
  /**
   * The number of octets that count as taken over by the system although the other side has not pulled them: those beyond are
   * `pendingOctets`. Default: 0.
   */
  readonly highWaterMark?: number | undefined
}

/**
 * The far end of a transport, in the hands of a test that plays the peer octet by octet.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scripted {
  /** For the engine under test. */
  readonly transport: Transport
  /** Sends octets to the transport. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  /** Ends the sending side: the transport's `incoming` ends. */
  readonly end: Effect.Effect<void>
  /** Breaks the connection: the transport's `incoming` fails with a `TransportError` whose reason is `Reset`. */
  readonly reset: Effect.Effect<void>
  /**
   * Takes all that the transport wrote since the last time; waits while that is nothing. Empty once the transport has ended, was closed,
   * or the connection broke.
   */
  readonly received: Effect.Effect<Uint8Array>
  /** Whether the transport was closed. */
  readonly closed: Effect.Effect<boolean>
}

/**
 * Makes a connection, both ends of which are closed at the end of the scope. A transport that closes does not take back what it wrote: it
 * arrives, and then the other side's `incoming` ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<readonly [Transport, Transport], never, Scope.Scope> =>
  Effect.flatMap(connect(options), (ends) =>
    Effect.as(
      Effect.addFinalizer(() => Effect.zipRight(ends[0].close, ends[1].close)),
      ends
    )
  )

/**
 * Makes a transport whose peer is played by hand. What it writes counts as taken over by the system at once, unless `highWaterMark` says
 * otherwise; `cutOffAfter` counts what it writes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const scripted = (options: Omit<Options, "delay"> = {}): Effect.Effect<Scripted> =>
  Effect.sync(() => {
    const [transport, far] = join({ ...options, highWaterMark: options.highWaterMark ?? Infinity }, undefined)
    return {
      transport,
      send: (bytes) =>
        Effect.sync(() => {
          far.write([bytes])
        }),
      end: Effect.sync(() => far.shutdown()),
      reset: Effect.sync(() => far.reset()),
      received: Effect.map(
        Effect.catchAll(far.inbound.pull, () => Effect.succeed(Chunk.empty<Uint8Array>())),
        (chunk) => concat(Chunk.toReadonlyArray(chunk))
      ),
      closed: Effect.sync(() => transport.isClosed)
    }
  })

const connect = (options: Options): Effect.Effect<readonly [End, End], never, Scope.Scope> => {
  const delay = options.delay === undefined ? 0 : Duration.toMillis(options.delay)
  if (delay <= 0) return Effect.sync(() => join(options, undefined))
  return Effect.clockWith((clock) => {
    const ends = join(options, { clock, delay })
    return Effect.as(
      Effect.forkScoped(
        Effect.all(
          ends.map((end) => end.inbound.carry),
          { concurrency: 2 }
        )
      ),
      ends
    )
  })
}

const join = (options: Options, latency: Latency | undefined): readonly [End, End] => {
  const forth = new MemoryPipe(options, latency, options.cutOffAfter)
  const back = new MemoryPipe(options, latency, undefined)
  const first = new End(forth, back, "first", "second")
  const second = new End(back, forth, "second", "first")
  forth.onCutOff = () => first.reset()
  return [first, second]
}

/** A pair of pipes as a transport. */
class End implements Transport {
  readonly peer: Peer
  readonly incoming: Transport["incoming"]
  isClosed = false
  private writable = true
  private drained: (() => void) | undefined = undefined
  private readonly flushed = new Set<() => void>()

  constructor(
    readonly outbound: MemoryPipe,
    readonly inbound: MemoryPipe,
    local: string,
    remote: string
  ) {
    this.peer = {
      local: { host: `memory:${local}`, port: undefined },
      remote: { host: `memory:${remote}`, port: undefined },
      tls: undefined
    }
    this.incoming = Stream.fromChannel(Channel.suspend(() => pullLoop(inbound.pull)))
    outbound.onPulled = this.onPulled
  }

  readonly write = (chunks: ReadonlyArray<Uint8Array>): boolean => {
    if (this.writable) {
      const bytes = concat(chunks)
      if (bytes.length > 0) this.outbound.send(bytes)
    }
    return true
  }

  readonly pendingOctets = (): number => (this.isClosed ? 0 : this.outbound.pending())

  readonly onDrain = (listener: () => void): void => {
    this.drained = listener
    this.onPulled()
  }

  readonly defer = defer

  readonly end: Effect.Effect<void> = Effect.async((resume) => {
    this.shutdown()
    if (this.pendingOctets() === 0) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    this.flushed.add(done)
    return Effect.sync(() => {
      this.flushed.delete(done)
    })
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    this.isClosed = true
    this.shutdown()
    // What the other side writes from now on is dropped.
    this.inbound.settle(ended, true)
    this.onPulled()
  })

  shutdown(): void {
    this.writable = false
    this.outbound.sendEnd()
  }

  /** Breaks the connection in both directions. */
  reset(): void {
    this.outbound.settle(Effect.fail(resetError()), false)
    this.inbound.settle(Effect.fail(resetError()), false)
  }

  private readonly onPulled = (): void => {
    if (this.pendingOctets() > 0) return
    for (const done of this.flushed) done()
    this.flushed.clear()
    // Never inside the other side's pull, nor inside the call of `onDrain`.
    if (this.drained !== undefined) void Promise.resolve().then(() => this.release())
  }

  private release(): void {
    const listener = this.drained
    if (listener === undefined || this.pendingOctets() > 0) return
    this.drained = undefined
    listener()
  }
}

const pullLoop = (pull: Pull): Channel.Channel<Chunk.Chunk<Uint8Array>, unknown, TransportError, unknown, void> =>
  Channel.flatMap(Channel.fromEffect(pull), (chunk) =>
    chunk.length === 0 ? Channel.void : Channel.flatMap(Channel.write(chunk), () => pullLoop(pull))
  )

const resetError = (): TransportError =>
  new TransportError({ reason: "Reset", description: "the connection in memory was broken" })

/** Hosts may have it; ECMAScript does not. */
declare const setImmediate: ((task: () => void) => unknown) | undefined
declare const setTimeout: ((task: () => void, milliseconds: number) => unknown) | undefined

/** After the current turn of the event loop, and not by the Clock: a test that stops time still gets its writes. */
const defer = (task: () => void): void => {
  if (typeof setImmediate === "function") setImmediate(task)
  else if (typeof setTimeout === "function") setTimeout(task, 0)
  else void Promise.resolve().then(task)
}
