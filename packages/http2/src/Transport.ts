/**
 * The port between HTTP/2 and whatever carries its bytes: a socket, TLS, a pair of in-memory queues. The engine pulls `incoming`
 * and pushes with `write`; it knows nothing else of the world below.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TransportError } from "./Http2Error.js"

/**
 * An end of a connection. `host` is an IP address, or the path of a unix socket, for which `port` is undefined.
 *
 * @since 0.1.0
 * @category models
 */
export interface Address {
  readonly host: string
  readonly port: number | undefined
}

/**
 * What TLS agreed on.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string
  /** The IANA name of the cipher suite. */
  readonly cipher: string
  /** The protocol chosen by ALPN, undefined where none was. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). */
  readonly serverName: string | undefined
  /** Whether the peer's certificate was verified against the trusted authorities. */
  readonly authorized: boolean
}

/**
 * What is known of the two ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Peer {
  readonly remote: Address | undefined
  readonly local: Address | undefined
  /** Undefined on a plain connection. */
  readonly tls: TlsInfo | undefined
}

/**
 * A bidirectional connection that carries octets in order. It is acquired in a scope, whose end destroys it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  readonly peer: Peer

  /**
   * What arrives, as it arrives, in order; one element for each read. It ends when the peer has ended its side, and fails with a
   * `TransportError` when the connection breaks. Reading pauses while it is not pulled. To be run once.
   */
  readonly incoming: Stream.Stream<Uint8Array, TransportError>

  /**
   * Hands `chunks` to the transport in one write, in order, without waiting. Synchronous, because it stands at the end of each turn
   * of the engine. A failure shows in `incoming`; after it, or after `end`, what is written is dropped.
   *
   * Returns true when the transport is done with the memory, so that the caller may overwrite it at once; with false it belongs to the
   * transport for good.
   */
  readonly write: (chunks: ReadonlyArray<Uint8Array>) => boolean

  /**
   * For a transport to which a kind of memory of its own is cheaper: makes some to build what is written in, its contents undefined, and gives a view
   * of its kind on what a user wrote. Without it, `Uint8Array`s are used as they are.
   */
  readonly memory?: {
    readonly allocate: (size: number) => Uint8Array
    readonly view: (octets: Uint8Array) => Uint8Array
  }

  /**
   * Octets that were written and are not yet taken over by the system.
   */
  readonly pendingBytes: () => number

  /**
   * Calls `listener` once, after `pendingBytes` has come down to 0, or the transport was closed. A later call replaces an earlier listener.
   */
  readonly onDrain: (listener: () => void) => void

  /**
   * Runs `task` once the current turn of the event loop is over, so that what several fibers write in a turn leaves in one write.
   */
  readonly defer: (task: () => void) => void

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
