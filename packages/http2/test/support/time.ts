/** Ends that come at a certain time, by the TestClock. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"

/** Lets `milliseconds` pass but for one, sees that nothing has ended, and lets the last one pass. */
export const expectEndAfter = <A, E>(milliseconds: number, end: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const ending = yield* Effect.fork(end)
    yield* TestClock.adjust(Duration.millis(milliseconds - 1))
    expect(Option.isNone(yield* Fiber.poll(ending))).toBe(true)
    yield* TestClock.adjust("1 millis")
    return yield* Fiber.join(ending)
  })
