/**
 * Time that stands still until it is told to go on. Called by world.ts; the engine's deadlines and the handlers' pauses wait here.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

interface Timer {
  readonly due: number
  readonly wake: () => void
}

export class ManualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  now = 0
  private readonly timers = new Set<Timer>()

  unsafeCurrentTimeMillis(): number {
    return this.now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.trunc(this.now)) * 1_000_000n
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async((resume) => {
      const timer = { due: this.now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
      this.timers.add(timer)
      return Effect.sync(() => this.timers.delete(timer))
    })
  }

  private get next(): Timer | undefined {
    let next: Timer | undefined = undefined
    for (const timer of this.timers) if (next === undefined || timer.due < next.due) next = timer
    return next
  }

  /** Goes on to the next timer that is due within `most` ms and wakes it. False where there is none. */
  wakeNext(most: number): boolean {
    const { next } = this
    if (next === undefined || next.due > this.now + most) return false
    this.now = Math.max(this.now, next.due)
    this.timers.delete(next)
    next.wake()
    return true
  }

  clear(): void {
    this.now = 0
    this.timers.clear()
  }
}
