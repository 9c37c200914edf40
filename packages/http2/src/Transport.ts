/**
 * The port between HTTP/2 and whatever carries its bytes: a socket, TLS, a pair of in-memory queues. The engine pulls `incoming`
 * and pushes with `write`; it knows nothing else of the world below.
 *
 * @since 0.1.0
 */
import type { Output } from "@effect-http2/engine/Output"
import type { Peer } from "@effect-http2/engine/Peer"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TransportError } from "./Http2Error.js"

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
