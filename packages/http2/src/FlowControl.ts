/**
 * Flow-control windows (RFC 9113 §5.2, §6.9): how many octets of DATA may still be sent, to read and to wait on in transactions. The engine alone takes
 * from them and gives to them. A window may be below zero after the peer has shrunk SETTINGS_INITIAL_WINDOW_SIZE (§6.9.2).
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as STM from "effect/STM"

/**
 * A window, in octets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Window {
  /** What may still be sent, in octets; 0 or less where nothing may. */
  readonly available: STM.STM<number>
}

/**
 * Waits until at least `wanted` octets may be sent, without taking them. Composes with other transactions: several windows, or whatever else is to be so.
 *
 * @since 0.1.0
 * @category transactions
 * @example
 * import * as FlowControl from "@effect-http2/http2/FlowControl"
 * import type { Http2ServerRequest } from "@effect-http2/http2/Http2ServerRequest"
 * import * as STM from "effect/STM"
 *
 * // Waits until the client takes 64 KiB on both streams.
 * const both = (one: Http2ServerRequest, other: Http2ServerRequest) =>
 *   STM.commit(
 *     STM.all([one, other].map(({ stream }) => FlowControl.awaitAvailable(stream.sendWindow, 65_536)), { discard: true })
 *   )
 */
export const awaitAvailable: {
  (wanted: number): (window: Window) => STM.STM<void>
  (window: Window, wanted: number): STM.STM<void>
} = dual(2, (window: Window, wanted: number): STM.STM<void> =>
  STM.flatMap(window.available, (octets) => STM.check(() => octets >= wanted))
)
