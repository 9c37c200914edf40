/**
 * The timer of a connection as the host has it, which keeps no process alive. Made by the skins where time is the host's; where it is a test's, they have
 * one of their own.
 */
import type { Timer } from "./connection.js"

/** What hosts have beside ECMAScript; `unref` on Node alone. */
interface HostHandle {
  readonly unref?: () => unknown
}
declare const setTimeout: (task: () => void, millis: number) => HostHandle
declare const clearTimeout: (handle: HostHandle) => void

/** A timer that is set anew, or stopped, at any time. */
export interface Alarm extends Timer {
  stop(): void
}

/** Hosts count milliseconds in 31 bits. */
const longest = 0x7fffffff

export class HostTimer implements Alarm {
  private handle: HostHandle | undefined = undefined

  constructor(private readonly ring: () => void) {}

  set(millis: number): void {
    this.stop()
    const handle = setTimeout(this.rings, Math.min(Math.ceil(millis), longest))
    // A number in browsers.
    if (typeof handle === "object") handle.unref?.()
    this.handle = handle
  }

  stop(): void {
    if (this.handle === undefined) return
    clearTimeout(this.handle)
    this.handle = undefined
  }

  private readonly rings = (): void => {
    this.handle = undefined
    this.ring()
  }
}
