/**
 * Runtimes that are captured where interruption is off.
 */
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

class Name extends Context.Tag("test/Name")<Name, string>() {}

type Capture = Effect.Effect<Runtime.Runtime<Name>, never, Name | Scope.Scope>

const places: ReadonlyArray<[string, (capture: Capture) => Capture]> = [
  ["where interruption is on", (capture) => capture],
  ["in an acquisition", (capture) => Effect.acquireRelease(capture, () => Effect.void)],
  ["in an uninterruptible region", Effect.uninterruptible],
  [
    "in a finalizer",
    (capture) => {
      let captured: Runtime.Runtime<Name> | undefined
      return Effect.void.pipe(
        Effect.ensuring(Effect.map(capture, (runtime) => void (captured = runtime))),
        Effect.flatMap(() => Effect.fromNullable(captured)),
        Effect.orDie
      )
    }
  ]
]

describe("a captured runtime", () => {
  it.scoped.each(places)("has fibers that can be interrupted, and the services: %s", ([, place]) =>
    Effect.gen(function* () {
      const runtime = yield* place(InterruptibleRuntime.capture<Name>())
      expect(Runtime.runSync(runtime)(Name)).toBe("a")
      const fiber = Runtime.runFork(runtime)(Effect.never)
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
    }).pipe(Effect.provideService(Name, "a"))
  )
})
