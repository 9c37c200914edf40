/**
 * Flow-control windows (RFC 9113 §5.2, §6.9): how many octets of DATA may still be sent, to read and to wait on in transactions. The engine alone takes
 * from them and gives to them. A window may be below zero after the peer has shrunk SETTINGS_INITIAL_WINDOW_SIZE (§6.9.2).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"

/**
 * A window, in octets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Window {
  /** What may still be sent, in octets; 0 or less where nothing may. Read in a transaction, it is one of what that depends on. */
  readonly available: Effect.Effect<number>
}

/**
 * Waits until at least `wanted` octets may be sent, without taking them. Composes with other transactions: several windows, or whatever else is to be so.
 *
 * @since 0.1.0
 * @category transactions
 * @example
 * import * as FlowControl from "@effect-http2/effect4-http2/FlowControl"
 * import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
 * import * as Effect from "effect/Effect"
 *
 * // Waits until the client takes 64 KiB on both streams.
 * const both = (one: Http2ServerRequest, other: Http2ServerRequest) =>
 *   Effect.tx(
 *     Effect.all(
 *       [one, other].map(({ stream }) => FlowControl.awaitAvailable(stream.sendWindow, 65_536)),
 *       { discard: true }
 *     )
 *   )
 */
export const awaitAvailable: {
  (wanted: number): (self: Window) => Effect.Effect<void>
  (window: Window, wanted: number): Effect.Effect<void>
} = dual(2, (window: Window, wanted: number): Effect.Effect<void> =>
  Effect.tx(Effect.flatMap(window.available, (octets) => (octets >= wanted ? Effect.void : Effect.txRetry)))
)
