/**
 * The one timer of a connection. By the live clock it is the host's, since Effect's own `sleep` keeps a process alive, and costs a fiber; by any other clock,
 * a test's for instance, it is that clock's `sleep`. Made by connectionScope.ts.
 */
import { type Alarm, HostTimer } from "@effect-http2/engine/connection/hostTimer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"

class ClockAlarm implements Alarm {
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined

  constructor(
    private readonly clock: Clock.Clock,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly ring: () => void
  ) {}

  set(millis: number): void {
    this.stop()
    const sleep = Effect.flatMap(this.clock.sleep(Duration.millis(millis)), () =>
      Effect.sync(() => {
        this.fiber = undefined
        this.ring()
      })
    )
    this.fiber = Runtime.runFork(this.runtime)(sleep)
  }

  stop(): void {
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
  }
}

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** An alarm that calls `ring`, not set yet. */
export const makeAlarm = (clock: Clock.Clock, runtime: Runtime.Runtime<never>, ring: () => void): Alarm =>
  clock === liveClock ? new HostTimer(ring) : new ClockAlarm(clock, runtime, ring)
