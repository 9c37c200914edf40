/**
 * The port between HTTP/2 and whatever carries its octets: a socket, TLS, a pair of queues in memory. A connection pulls `incoming` and pushes with `write`;
 * it knows nothing else of the world below.
 *
 * @since 0.1.0
 */
import type { Link } from "@effect-http2/engine/Link"
import type { Output } from "@effect-http2/engine/Output"
import type { Peer } from "@effect-http2/engine/Peer"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { isTransportError, type TransportError } from "./Http2Error.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Link
} from "@effect-http2/engine/Link"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Address,
  /**
   * @since 0.1.0
   * @category models
   */
  Peer,
  /**
   * @since 0.1.0
   * @category models
   */
  TlsInfo
} from "@effect-http2/engine/Peer"

/**
 * A bidirectional connection that carries octets in order. It is acquired in a scope, whose end destroys it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport extends Output {
  readonly peer: Peer

  /**
   * What arrives, as it arrives, in order; one element for each read. It ends when the peer has ended its side, and fails with a
   * `TransportError` when the connection breaks. Reading pauses while it is not pulled. To be run once.
   */
  readonly incoming: Stream.Stream<Uint8Array, TransportError>

  /**
   * Sends what was written, then ends our side. Completes when all of it was handed to the system, or the connection is gone. The
   * peer may go on sending.
   */
  readonly end: Effect.Effect<void>

  /**
   * Closes at once, dropping what was not sent; `incoming` ends. Completes when the connection is closed. Safe to run more than once.
   */
  readonly close: Effect.Effect<void>
}

/**
 * @since 0.1.0
 * @category services
 */
export const Transport: Context.Service<Transport, Transport> = Context.Service("@effect-http2/effect4-http2/Transport")

/** What arrives on a link, all that is there with each pull. */
const pullOf = (link: Link): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, TransportError> =>
  Effect.callback((resume) => {
    const stop = link.read((reading) => {
      if (isTransportError(reading)) resume(Effect.fail(reading))
      else if (Arr.isReadonlyArrayNonEmpty(reading)) resume(Effect.succeed(reading))
      else resume(Cause.done())
    })
    return Effect.sync(stop)
  })

/**
 * A link as a transport.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLink = (link: Link): Transport => {
  const { hold, memory } = link
  return {
    peer: link.peer,
    incoming: Stream.fromPull(Effect.succeed(pullOf(link))),
    write: (chunks) => link.write(chunks),
    ...(memory === undefined ? {} : { memory }),
    pendingOctets: () => link.pendingOctets(),
    onDrain: (listener) => link.onDrain(listener),
    defer: (task) => link.defer(task),
    ...(hold === undefined ? {} : { hold: (isHeld) => hold.call(link, isHeld) }),
    end: Effect.callback<void>((resume) => Effect.sync(link.end(() => resume(Effect.void)))),
    close: Effect.callback<void>((resume) => link.close(() => resume(Effect.void)))
  }
}
