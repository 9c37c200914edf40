/**
 * Flow-control windows (RFC 9113 §5.2, §6.9): how many octets of DATA may still be sent, as a `TRef` that transactions can read,
 * take from and wait on. A window may be below zero after the peer has shrunk SETTINGS_INITIAL_WINDOW_SIZE (§6.9.2).
 *
 * The functions that return a plain value act at once and belong to the engine's turn; those that return an `STM` compose with other
 * transactions and retry until they can go on.
 *
 * @since 0.1.0
 */
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import * as DirectTRef from "./internal/directTRef.js"
import { MAX_WINDOW_SIZE } from "./Settings.js"

/**
 * A window, in octets.
 *
 * @since 0.1.0
 * @category models
 */
export type Window = TRef.TRef<number>

/**
 * A window of `size` octets.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (size: number): Window => DirectTRef.make(size)

/**
 * What may still be sent, in octets; 0 or less where nothing may.
 *
 * @since 0.1.0
 * @category getters
 */
export const available = (window: Window): number => DirectTRef.get(window)

/**
 * Takes up to `wanted` octets from the stream's window and the connection's, the same number from both, at once. Returns how many,
 * 0 where either is exhausted.
 *
 * @since 0.1.0
 * @category engine
 */
export const takeNow = (stream: Window, connection: Window, wanted: number): number => {
  const inStream = DirectTRef.get(stream)
  const inConnection = DirectTRef.get(connection)
  const taken = Math.min(wanted, inStream, inConnection)
  if (taken <= 0) return 0
  DirectTRef.set(stream, inStream - taken)
  DirectTRef.set(connection, inConnection - taken)
  return taken
}

/**
 * Changes a window by `delta`, which may be negative. Returns false, and changes nothing, where it would grow beyond 2^31-1 (§6.9.1).
 *
 * @since 0.1.0
 * @category engine
 */
export const adjustNow = (window: Window, delta: number): boolean => {
  const next = DirectTRef.get(window) + delta
  if (next > MAX_WINDOW_SIZE) return false
  DirectTRef.set(window, next)
  return true
}

/**
 * Waits until at least `wanted` octets may be sent, without taking them.
 *
 * @since 0.1.0
 * @category transactions
 */
export const awaitAvailable = (window: Window, wanted: number): STM.STM<void> =>
  STM.flatMap(TRef.get(window), (octets) => STM.check(() => octets >= wanted))

/**
 * Takes between 1 and `wanted` octets from every one of `windows` in one transaction, the same number from each; waits while any of them is
 * exhausted. Returns how many.
 *
 * @since 0.1.0
 * @category transactions
 */
export const take = (windows: ReadonlyArray<Window>, wanted: number): STM.STM<number> =>
  STM.flatMap(STM.all(windows.map((window) => TRef.get(window))), (octets) => {
    const taken = Math.min(wanted, ...octets)
    return taken <= 0
      ? STM.retry
      : STM.as(
          STM.forEach(windows, (window) => TRef.update(window, (octets) => octets - taken)),
          taken
        )
  })

/**
 * Gives `octets` back to a window; the transaction fails where it would grow beyond 2^31-1 (§6.9.1).
 *
 * @since 0.1.0
 * @category transactions
 */
export const release = (window: Window, octets: number): STM.STM<void, "WindowOverflow"> =>
  STM.flatMap(TRef.get(window), (current) =>
    current + octets > MAX_WINDOW_SIZE ? STM.fail("WindowOverflow" as const) : TRef.set(window, current + octets)
  )
