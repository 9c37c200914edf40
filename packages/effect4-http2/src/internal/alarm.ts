/**
 * The one timer of a connection. By the live clock it is the host's, since Effect's own `sleep` keeps a process alive, and costs a fiber; by any other clock,
 * a test's for instance, it is that clock's `sleep`. Made by connectionScope.ts.
 */
import { type Alarm, HostTimer } from "@effect-http2/engine/connection/hostTimer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

class ClockAlarm implements Alarm {
  private fiber: Fiber.Fiber<void> | undefined = undefined

  constructor(
    private readonly clock: Clock.Clock,
    private readonly ring: () => void
  ) {}

  set(millis: number): void {
    this.stop()
    this.fiber = Effect.runFork(
      Effect.map(this.clock.sleep(Duration.millis(millis)), () => {
        this.fiber = undefined
        this.ring()
      })
    )
  }

  stop(): void {
    this.fiber?.interruptUnsafe()
    this.fiber = undefined
  }
}

const liveClock = Context.get(Context.empty(), Clock.Clock)

/** An alarm that calls `ring`, not set yet. */
export const makeAlarm = (clock: Clock.Clock, ring: () => void): Alarm =>
  clock === liveClock ? new HostTimer(ring) : new ClockAlarm(clock, ring)
