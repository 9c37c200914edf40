/**
 * Flow-control windows (RFC 9113 §5.2, §6.9), as a port: a skin makes the windows that the engine counts in, so that its users can read the same
 * number, and wait for it to change.
 */
import { MAX_WINDOW_SIZE } from "../Settings.js"

/** A window. It may be below zero after the peer has shrunk SETTINGS_INITIAL_WINDOW_SIZE (§6.9.2). */
export interface Window {
  /** What may still be sent, in octets; 0 or less where nothing may. The engine alone writes it. */
  octets: number
}

/** Makes a window of `size` octets. */
export type MakeWindow = (size: number) => Window

/** A window that only the engine reads. */
export class PlainWindow implements Window {
  constructor(public octets: number) {}
}

/** Takes up to `wanted` octets from the stream's window and the connection's, the same number from both. Returns how many, 0 where either is exhausted. */
export const take = (stream: Window, connection: Window, wanted: number): number => {
  const inStream = stream.octets
  const inConnection = connection.octets
  const taken = Math.min(wanted, inStream, inConnection)
  if (taken <= 0) return 0
  stream.octets = inStream - taken
  connection.octets = inConnection - taken
  return taken
}

/** Changes a window by `delta`, which may be negative. Returns false, and changes nothing, where it would grow beyond 2^31-1 (§6.9.1). */
export const adjust = (window: Window, delta: number): boolean => {
  const next = window.octets + delta
  if (next > MAX_WINDOW_SIZE) return false
  window.octets = next
  return true
}
