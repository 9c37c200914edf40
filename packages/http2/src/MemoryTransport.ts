/**
 * Two transports joined in memory, without a socket: what is written at one end arrives at the other, cut into reads, late, or not at all,
 * as a test wants it. Used by the tests of this library and of programs built on it, and wherever two engines live in one process.
 *
 * @since 0.1.0
 */
import * as MemoryLink from "@effect-http2/engine/MemoryLink"
import { concat } from "@effect-http2/engine/octets"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { isTransportError } from "./Http2Error.js"
import * as InterruptibleRuntime from "./InterruptibleRuntime.js"
import { fromLink, type Transport } from "./Transport.js"

/**
 * How the connection behaves. All of it holds for both directions, except `cutOffAfter`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends MemoryLink.Options {
  /** How long it takes for what is written to arrive, by the `Clock`. Default: nothing. */
  readonly delay?: Duration.DurationInput | undefined
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
  Effect.flatMap(latencyOf(options), (latency) => {
    const [first, second] = MemoryLink.join(options, latency)
    const ends = [fromLink(first), fromLink(second)] as const
    return Effect.as(
      Effect.addFinalizer(() => Effect.zipRight(ends[0].close, ends[1].close)),
      ends
    )
  })

/** A task once the delay has passed, unless the scope ends before. */
const latencyOf = ({ delay }: Options): Effect.Effect<MemoryLink.Latency | undefined, never, Scope.Scope> => {
  const late = delay === undefined ? Duration.zero : Duration.decode(delay)
  if (Duration.toMillis(late) <= 0) return Effect.succeed(undefined)
  return Effect.zipWith(InterruptibleRuntime.capture(), Effect.scope, (runtime, scope) => {
    const later = (task: () => void) => Effect.forkIn(Effect.zipRight(Effect.sleep(late), Effect.sync(task)), scope)
    return (task: () => void): void => void Runtime.runSync(runtime)(later(task))
  })
}

/**
 * Makes a transport whose peer is played by hand. What it writes counts as taken over by the system at once, unless `highWaterMark` says
 * otherwise; `cutOffAfter` counts what it writes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const scripted = (options: MemoryLink.Options = {}): Effect.Effect<Scripted> =>
  Effect.sync(() => {
    const [near, far] = MemoryLink.join({ ...options, highWaterMark: options.highWaterMark ?? Infinity })
    return {
      transport: fromLink(near),
      send: (octets) => Effect.sync(() => void far.write([octets])),
      end: Effect.sync(() => void far.end(() => undefined)),
      reset: Effect.sync(() => far.reset()),
      received: Effect.async((resume) =>
        Effect.sync(
          far.read((reading) => resume(Effect.succeed(isTransportError(reading) ? concat([]) : concat(reading))))
        )
      ),
      closed: Effect.sync(() => near.isClosed)
    }
  })
