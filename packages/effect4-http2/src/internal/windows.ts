/**
 * Flow-control windows (RFC 9113 §5.2, §6.9): the engine's Window as a TxRef, one number that the engine counts in and that transactions read and wait on.
 *
 * The engine writes the ref's value and version as a commit does. Where a transaction waits on it, the write is a transaction of its own, since that wakes
 * who waits by the scheduler, and not in the middle of the engine's turn.
 *
 * Made for each connection and stream by Http2Connection.ts; given to users by Http2Stream.ts, as FlowControl.ts shows it.
 */
import type { Window } from "@effect-http2/engine/flow/window"
import * as Effect from "effect/Effect"
import * as TxRef from "effect/TxRef"

/** A window whose number is a TxRef's. Users hold it as `FlowControl.Window`, which has nothing to write it with. */
export class TxWindow implements Window {
  private readonly ref: TxRef.TxRef<number>

  constructor(size: number) {
    this.ref = TxRef.makeUnsafe(size)
  }

  /** What may still be sent, in a transaction. */
  get available(): Effect.Effect<number> {
    return TxRef.get(this.ref)
  }

  get octets(): number {
    return this.ref.value
  }

  set octets(octets: number) {
    const { ref } = this
    if (ref.pending.size > 0) {
      Effect.runFork(TxRef.set(ref, octets))
      return
    }
    ref.version++
    ref.value = octets
  }
}

/** A window of `size` octets. */
export const makeWindow = (size: number): TxWindow => new TxWindow(size)

/** The window that `makeWindow` has made. */
export const windowOf = (window: Window): TxWindow => {
  if (window instanceof TxWindow) return window
  throw new Error("the window is another skin's")
}
