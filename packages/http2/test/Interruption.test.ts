/** Requests that are given up: the other side's work ends with them, and nothing is left of either. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { filled } from "./support/wire.js"

const endless = Stream.forever(Stream.make(filled(1000)))

describe("a request that is interrupted", () => {
  it.effect("interrupts its handler, whose finalizers and children end with it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const note = (what: string) => Effect.sync(() => void seen.push(what))
      yield* engines(
        () =>
          Effect.gen(function* () {
            yield* Effect.acquireRelease(note("acquired"), () => note("released"))
            yield* Effect.forkScoped(Effect.onInterrupt(Effect.never, () => note("scoped child")))
            yield* Effect.fork(Effect.onInterrupt(Effect.never, () => note("child")))
            yield* note("running")
            return yield* Effect.onInterrupt(Effect.never, () => note("interrupted"))
          }),
        ({ client, clientStats, serverStats }) =>
          Effect.gen(function* () {
            const request = yield* Effect.fork(Effect.scoped(client.request({})))
            yield* eventually(() => seen.includes("running"))
            expect(serverStats.activeHandlers).toBe(1)
            yield* Fiber.interrupt(request)
            yield* eventually(() => serverStats.activeHandlers === 0)
            expect([...seen].sort()).toEqual([
              "acquired",
              "child",
              "interrupted",
              "released",
              "running",
              "scoped child"
            ])
            expect([clientStats.resetsSent, serverStats.resetsReceived, serverStats.handlersInterrupted]).toEqual([
              1, 1, 1
            ])
            // The stream is free again once the server is known to know.
            yield* eventually(() => client.connection.activeStreams === 0)
          })
      )
    })
  )

  it.effect("ends the other's work also by race, timeout and take", () =>
    engines(
      (request) =>
        request.path === "/never" ? Effect.never : Effect.succeed(Http2ServerResponse.make({ body: endless })),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          expect(yield* Effect.race(client.collect({ path: "/never" }), Effect.as(Effect.yieldNow(), "other"))).toBe(
            "other"
          )
          const some = Effect.gen(function* () {
            const response = yield* client.request({})
            return yield* Stream.runCount(Stream.take(response.body, 3))
          })
          expect(yield* Effect.scoped(some)).toBe(3)
          yield* eventually(() => serverStats.activeHandlers === 0 && serverStats.activeStreams === 0)
          expect(client.connection.unreadOctets).toBe(0)
        })
    )
  )

  it.effect("in the moment in which its response comes leaves nothing behind", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.make({ body: endless })),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          for (let steps = 0; steps < 12; steps++) {
            const request = yield* Effect.fork(Effect.scoped(Effect.zipRight(client.request({}), Effect.never)))
            for (let i = 0; i < steps; i++) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
            yield* Fiber.interrupt(request)
          }
          yield* eventually(() => client.connection.activeStreams === 0 && serverStats.activeStreams === 0)
          yield* eventually(() => serverStats.activeHandlers === 0)
        })
    )
  )

  it.effect("while its body is being sent interrupts the body's Stream", () =>
    Effect.gen(function* () {
      let released = 0
      const body = Stream.ensuring(
        endless,
        Effect.sync(() => released++)
      )
      yield* engines(
        (request) =>
          Effect.as(Stream.runDrain(Stream.take(request.body, 5)), Http2ServerResponse.make({ body: Stream.never })),
        ({ client }) =>
          Effect.gen(function* () {
            const scope = yield* Scope.make()
            yield* Scope.extend(client.request({ method: "POST", body }), scope)
            expect(released).toBe(0)
            yield* Scope.close(scope, Exit.void)
            yield* eventually(() => released === 1)
          })
      )
    })
  )
})

describe("the end of a response's scope", () => {
  it.effect("sends CANCEL where the response is not whole, and gives back what was not read", () =>
    Effect.gen(function* () {
      let error: unknown
      yield* engines(
        (request) =>
          Effect.as(
            Effect.addFinalizer(() => Effect.sync(() => void (error = request.stream.error))),
            Http2ServerResponse.make({ body: endless })
          ),
        ({ client }) =>
          Effect.gen(function* () {
            yield* Effect.scoped(client.request({}))
            yield* eventually(() => error !== undefined)
            expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.CANCEL, origin: "Remote" })
            expect(client.connection.unreadOctets).toBe(0)
          })
      )
    })
  )

  it.effect("resets nothing where the response was whole, read or not", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("whole")),
      ({ client, clientStats }) =>
        Effect.gen(function* () {
          yield* Effect.scoped(client.request({}))
          yield* Effect.scoped(Effect.flatMap(client.request({}), (response) => response.text()))
          expect([clientStats.resetsSent, client.connection.unreadOctets]).toEqual([0, 0])
        })
    )
  )
})
