/** Requests where the scopes of Effect are not as `finalizers` expects them: their finalizers are added the plain way, and stay. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ScopeModule from "effect/Scope"
import { afterAll, describe, expect, it, vi } from "vitest"

// A scope whose insides have other names: the shortcut must not be taken.
vi.mock("effect/Scope", async (importOriginal) => {
  const original = await importOriginal<typeof ScopeModule>()
  const opaque = (scope: ScopeModule.CloseableScope): ScopeModule.CloseableScope =>
    new Proxy(scope, {
      has: (target, key) => key !== "state" && Reflect.has(target, key),
      get: (target, key): unknown => {
        const value: unknown = key === "state" ? undefined : Reflect.get(target, key)
        return typeof value === "function"
          ? (...parameters: ReadonlyArray<unknown>): unknown => Reflect.apply(value, target, parameters)
          : value
      }
    })
  return {
    ...original,
    make: (strategy?: Parameters<typeof original.make>[0]) => Effect.map(original.make(strategy), opaque)
  }
})

// The modules of other files have the scopes of Effect, and are not to have these.
vi.resetModules()
afterAll(() => {
  vi.resetModules()
})

const Finalizers = await import("../src/internal/finalizers.js")
const Scope = await import("effect/Scope")
const Http2ServerResponse = await import("../src/Http2ServerResponse.js")
const { engines } = await import("./support/engines.js")

describe("a request in a scope without the shortcut", () => {
  it("is in use in this file", () => {
    expect(Finalizers.isDirect).toBe(false)
  })

  it("is given up by the end of its scope, and fails in one that is closed", () =>
    Effect.runPromise(
      engines(
        () => Effect.succeed(Http2ServerResponse.make({ body: new Uint8Array(100_000) })),
        ({ client }) =>
          Effect.gen(function* () {
            const scope = yield* Scope.make()
            const read = yield* Scope.extend(client.request({}), scope)
            expect((yield* read.bytes()).length).toBe(100_000)
            yield* Scope.extend(client.request({}), scope)
            expect(client.connection.unreadOctets).toBeGreaterThan(0)
            yield* Scope.close(scope, Exit.void)
            expect(client.connection.unreadOctets).toBe(0)
            const exit = yield* Effect.exit(Scope.extend(client.request({}), scope))
            expect(exit).toMatchObject({ cause: { error: { description: "the scope of the request is closed" } } })
          })
      )
    ))
})
