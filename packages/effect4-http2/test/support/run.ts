/** Effects as tests: in a scope, by the live clock or by one that the test sets. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { it } from "vitest"

/** By the clock of the host. */
export const live = <A, E>(name: string, test: () => Effect.Effect<A, E, Scope.Scope>): void =>
  it(name, () => Effect.runPromise(Effect.scoped(Effect.suspend(test))).then(() => undefined))

/** By a clock that stands until the test sets it. */
export const timed = <A, E>(name: string, test: () => Effect.Effect<A, E, Scope.Scope>): void =>
  it(name, () =>
    Effect.runPromise(Effect.provide(Effect.scoped(Effect.suspend(test)), TestClock.layer())).then(() => undefined)
  )
