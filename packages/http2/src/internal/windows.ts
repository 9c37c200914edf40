/**
 * The engine's windows as TRefs: one number, which the engine counts in and transactions can read and wait on. Given to the engine by
 * Http2Connection.ts, to users by Http2Stream.ts.
 */
import type { Window } from "@effect-http2/engine/flow/window"
import type * as TRef from "effect/TRef"
import * as DirectTRef from "./directTRef.js"

class TRefWindow implements Window {
  readonly ref: TRef.TRef<number>

  constructor(size: number) {
    this.ref = DirectTRef.make(size)
  }

  get octets(): number {
    return DirectTRef.get(this.ref)
  }

  set octets(octets: number) {
    DirectTRef.set(this.ref, octets)
  }
}

export const make = (size: number): Window => new TRefWindow(size)

/** The TRef of a window that `make` has made. */
export const refOf = (window: Window): TRef.TRef<number> => {
  if (window instanceof TRefWindow) return window.ref
  throw new Error("the window is another skin's")
}
