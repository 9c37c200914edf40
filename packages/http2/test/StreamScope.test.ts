/** The scope of a stream behaves as one that `Scope.make` gives. */
import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import { StreamScope } from "../src/internal/streamScope.js"

const kinds = [
  ["StreamScope", Effect.sync(() => new StreamScope() as Scope.CloseableScope)],
  ["Scope.make", Scope.make()]
] as const

describe.each(kinds)("%s", (_kind, make) => {
  it.effect("runs finalizers last in, first out, with the exit", () =>
    Effect.gen(function* () {
      const scope = yield* make
      const seen: Array<string> = []
      const note = (name: string) => (exit: Exit.Exit<unknown, unknown>) =>
        Effect.sync(() => void seen.push(`${name} ${exit._tag}`))
      for (const name of ["a", "b", "c"]) yield* Scope.addFinalizerExit(scope, note(name))
      yield* Scope.close(scope, Exit.fail("no"))
      expect(seen).toEqual(["c Failure", "b Failure", "a Failure"])
      yield* Scope.close(scope, Exit.void)
      expect(seen).toHaveLength(3)
    })
  )

  it.effect("runs what is added after it was closed at once, with its exit", () =>
    Effect.gen(function* () {
      const scope = yield* make
      yield* Scope.close(scope, Exit.fail("closed"))
      const seen: Array<string> = []
      yield* Scope.addFinalizerExit(scope, (exit) => Effect.sync(() => void seen.push(exit._tag)))
      expect(seen).toEqual(["Failure"])
    })
  )

  it.effect("runs every finalizer, and shows the failures of all", () =>
    Effect.gen(function* () {
      const scope = yield* make
      const seen: Array<string> = []
      yield* Scope.addFinalizer(scope, Effect.die("first"))
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => void seen.push("between"))
      )
      yield* Scope.addFinalizer(scope, Effect.die("last"))
      const exit = yield* Effect.exit(Scope.close(scope, Exit.void))
      expect(seen).toEqual(["between"])
      const defects = Exit.isFailure(exit) ? [...Cause.defects(exit.cause)] : []
      expect(defects.sort()).toEqual(["first", "last"])
    })
  )

  it.effect("a fork closes with it, or before it and then only once", () =>
    Effect.gen(function* () {
      const scope = yield* make
      const seen: Array<string> = []
      const fork = (name: string) =>
        Effect.gen(function* () {
          const child = yield* Scope.fork(scope, ExecutionStrategy.sequential)
          yield* Scope.addFinalizer(
            child,
            Effect.sync(() => void seen.push(name))
          )
          return child
        })
      yield* fork("with")
      const before = yield* fork("before")
      yield* Scope.close(before, Exit.void)
      expect(seen).toEqual(["before"])
      yield* Scope.close(scope, Exit.void)
      expect(seen).toEqual(["before", "with"])
      yield* fork("after")
      expect(seen).toEqual(["before", "with", "after"])
    })
  )

  it.effect("holds what acquireRelease and forkScoped put into it", () =>
    Effect.gen(function* () {
      const scope = yield* make
      const seen: Array<string> = []
      const program = Effect.gen(function* () {
        yield* Effect.acquireRelease(Effect.void, () => Effect.sync(() => void seen.push("released")))
        return yield* Effect.forkScoped(
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => void seen.push("interrupted")))
        )
      })
      const fiber = yield* Scope.extend(program, scope)
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      expect(seen).toEqual(["interrupted", "released"])
      expect(Option.isSome(yield* fiber.poll)).toBe(true)
    })
  )
})

describe("StreamScope", () => {
  it.effect("says whether there is anything to run", () =>
    Effect.gen(function* () {
      const scope = new StreamScope()
      expect(scope.isEmpty).toBe(true)
      yield* Scope.addFinalizer(scope, Effect.void)
      expect(scope.isEmpty).toBe(false)
      yield* Scope.close(scope, Exit.void)
      expect(scope.isEmpty).toBe(true)
    })
  )
})
