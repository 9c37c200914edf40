/**
 * The one timer of a connection. By the live clock it is a timer of the host that keeps no process alive, since Effect's own `sleep` does, and costs a
 * fiber; by any other clock, a test's for instance, it is that clock's `sleep`. Made by Http2Connection.ts.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"

/** A timer that is set anew, or stopped, at any time. */
export interface Alarm {
  /** Rings in `millis`, and not at the time that was set before. */
  readonly set: (millis: number) => void
  readonly stop: () => void
}

/** What hosts have beside ECMAScript; `unref` on Node alone. */
interface HostTimer {
  readonly unref?: () => unknown
}
declare const setTimeout: (task: () => void, millis: number) => HostTimer
declare const clearTimeout: (timer: HostTimer) => void

/** Hosts count milliseconds in 31 bits. */
const longest = 0x7fffffff

class HostAlarm implements Alarm {
  private timer: HostTimer | undefined = undefined

  constructor(private readonly ring: () => void) {}

  readonly set = (millis: number): void => {
    this.stop()
    const timer = setTimeout(this.rings, Math.min(Math.ceil(millis), longest))
    // A number in browsers.
    if (typeof timer === "object") timer.unref?.()
    this.timer = timer
  }

  readonly stop = (): void => {
    if (this.timer === undefined) return
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private readonly rings = (): void => {
    this.timer = undefined
    this.ring()
  }
}

class ClockAlarm implements Alarm {
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined

  constructor(
    private readonly clock: Clock.Clock,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly ring: () => void
  ) {}

  readonly set = (millis: number): void => {
    this.stop()
    const sleep = Effect.flatMap(this.clock.sleep(Duration.millis(millis)), () =>
      Effect.sync(() => {
        this.fiber = undefined
        this.ring()
      })
    )
    this.fiber = Runtime.runFork(this.runtime)(sleep)
  }

  readonly stop = (): void => {
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
  }
}

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** An alarm that calls `ring`, not set yet. */
export const makeAlarm = (clock: Clock.Clock, runtime: Runtime.Runtime<never>, ring: () => void): Alarm =>
  clock === liveClock ? new HostAlarm(ring) : new ClockAlarm(clock, runtime, ring)
