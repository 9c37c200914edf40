/** Effects as tests: in a scope, by the clock of the host. */
import * as Certificate from "@effect-http2/testkit/certificate"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { it } from "vitest"

/** One for all tests of a file: making a key takes a while. */
export const certificate = await Certificate.make()

export const live = <A, E>(name: string, test: () => Effect.Effect<A, E, Scope.Scope>): void =>
  it(name, () => Effect.runPromise(Effect.scoped(Effect.suspend(test))).then(() => undefined))
