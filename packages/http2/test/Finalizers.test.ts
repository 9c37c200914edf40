/** Finalizers that are in a scope while there is something to release. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import { Held, isDirect } from "../src/internal/finalizers.js"
import { StreamScope } from "../src/internal/streamScope.js"
import { engines } from "./support/engines.js"
import { filled } from "./support/wire.js"

class Noted extends Held {
  released = 0

  protected override release(): void {
    this.released++
  }
}

const kinds = [
  ["StreamScope", Effect.sync(() => new StreamScope() as Scope.CloseableScope)],
  ["Scope.make", Scope.make()]
] as const

describe.each(kinds)("in a %s", (_kind, make) => {
  it.effect("what is held is released with it, last in first out, and not what was let go", () =>
    Effect.gen(function* () {
      expect(isDirect).toBe(true)
      const scope = yield* make
      const [before, gone] = [new Noted(), new Noted()]
      expect([before.hold(scope), gone.hold(scope)]).toEqual([true, true])
      let seen = -1
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => (seen = before.released))
      )
      gone.letGo()
      yield* Scope.close(scope, Exit.void)
      expect([seen, before.released, gone.released]).toEqual([0, 1, 0])
      before.letGo()
    })
  )

  it.effect("nothing is held in one that is closed", () =>
    Effect.gen(function* () {
      const scope = yield* make
      yield* Scope.close(scope, Exit.void)
      const late = new Noted()
      expect(late.hold(scope)).toBe(false)
      expect(late.released).toBe(0)
    })
  )
})

describe("a request in a scope", () => {
  it.effect("leaves nothing in it once its response is read, and its cancellation before", () =>
    engines(
      ({ path }) => Effect.succeed(Http2ServerResponse.make(path === "/empty" ? {} : { body: filled(100_000) })),
      ({ client }) =>
        Effect.gen(function* () {
          const scope = new StreamScope()
          const ask = (path: string) => Scope.extend(client.request({ path }), scope)
          expect((yield* ask("/empty")).status).toBe(200)
          expect(scope.isEmpty).toBe(true)
          const read = yield* ask("/read")
          expect(scope.isEmpty).toBe(false)
          expect((yield* read.bytes()).length).toBe(100_000)
          expect(scope.isEmpty).toBe(true)
          yield* ask("/left")
          expect(scope.isEmpty).toBe(false)
          expect(client.connection.unreadOctets).toBeGreaterThan(0)
          yield* Scope.close(scope, Exit.void)
          expect(client.connection.unreadOctets).toBe(0)
        })
    )
  )

  it.effect("that is closed fails, and is not sent: its response would be nobody's", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.make({ body: filled(100_000) })),
      ({ client }) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          yield* Scope.close(scope, Exit.void)
          const exit = yield* Effect.exit(Scope.extend(client.request({}), scope))
          expect(exit).toMatchObject({
            cause: { error: { origin: "User", description: "the scope of the request is closed" } }
          })
        })
    )
  )
})
