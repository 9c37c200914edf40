/**
 * What carries octets between two ends, without a runtime: a socket, TLS, a pair of queues in memory. A skin makes its transport of one.
 *
 * @since 0.1.0
 */
import type { TransportError } from "./Http2Error.js"
import type { Output } from "./Output.js"
import type { Peer } from "./Peer.js"

/**
 * What one reading gives: what has arrived, in order, one element for each read; none where the peer has ended its side; or why the connection broke.
 *
 * @since 0.1.0
 * @category models
 */
export type Reading = ReadonlyArray<Uint8Array> | TransportError

/**
 * A bidirectional connection that carries octets in order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link extends Output {
  readonly peer: Peer

  /**
   * Calls `onReading` once, at once where something is there. Reading pauses while nobody asks; one asks at a time. What is returned stops the waiting: what
   * arrives then is for whoever asks next.
   */
  readonly read: (onReading: (reading: Reading) => void) => () => void

  /**
   * Sends what was written, then ends our side. Calls `onEnded` once all of it was handed to the system, or the connection is gone; what is returned stops the
   * waiting. The peer may go on sending.
   */
  readonly end: (onEnded: () => void) => () => void

  /** Closes at once, dropping what was not sent: a waiting reading ends. `onClosed` is called when it is closed. Safe to call more than once. */
  readonly close: (onClosed: () => void) => void
}
