/** How requests end early: interruption and failure, from either side, each to the other and never as a clean end. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Response from "@effect-http2/http2/Http2Response"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { ascii, concat, filled } from "./support/wire.js"

/** What is logged, in place of printing it. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    lines.push(`${logLevel.label} ${String(message)} ${cause.toString()}`)
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

const endless = Stream.forever(Stream.make(filled(1000)))

/** What a body gave before it failed, and how it failed. */
const readUntilFailure = <E>(body: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function* () {
    const parts: Array<Uint8Array> = []
    const error = yield* Effect.flip(Stream.runForEach(body, (part) => Effect.sync(() => parts.push(part))))
    return { error, octets: concat(parts) }
  })

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
      (request) => (request.path === "/never" ? Effect.never : Effect.succeed(Http2Response.make({ body: endless }))),
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
          expect(client.connection.unreadBytes).toBe(0)
        })
    )
  )

  it.effect("in the moment in which its response comes leaves nothing behind", () =>
    engines(
      () => Effect.succeed(Http2Response.make({ body: endless })),
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
          Effect.as(Stream.runDrain(Stream.take(request.body, 5)), Http2Response.make({ body: Stream.never })),
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
            Http2Response.make({ body: endless })
          ),
        ({ client }) =>
          Effect.gen(function* () {
            yield* Effect.scoped(client.request({}))
            yield* eventually(() => error !== undefined)
            expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.CANCEL, origin: "Remote" })
            expect(client.connection.unreadBytes).toBe(0)
          })
      )
    })
  )

  it.effect("resets nothing where the response was whole, read or not", () =>
    engines(
      () => Effect.succeed(Http2Response.text("whole")),
      ({ client, clientStats }) =>
        Effect.gen(function* () {
          yield* Effect.scoped(client.request({}))
          yield* Effect.scoped(Effect.flatMap(client.request({}), (response) => response.text()))
          expect([clientStats.resetsSent, client.connection.unreadBytes]).toEqual([0, 0])
        })
    )
  )
})

describe("a handler", () => {
  for (const [kind, failing] of [
    ["fails", Effect.fail("no")],
    ["dies", Effect.die(new Error("no"))],
    ["fails with a Stream's error", Effect.fail(new Error("no"))]
  ] as const) {
    it.effect(`that ${kind} is a 500, and is logged`, () =>
      Effect.gen(function* () {
        const { layer, lines } = logged()
        yield* engines(
          () => failing,
          ({ client }) =>
            Effect.gen(function* () {
              const whole = yield* client.collect({ path: "/x" })
              expect([whole.status, whole.text]).toEqual([500, ""])
              yield* eventually(() => lines.length === 1)
              expect(lines[0]).toContain("ERROR Unhandled failure of the handler of GET /x")
              expect(lines[0]).toContain("no")
            })
        ).pipe(Effect.provide(layer))
      })
    )
  }

  it.effect("that throws, or gives what cannot be sent, is a 500 too", () =>
    Effect.gen(function* () {
      const { layer, lines } = logged()
      yield* engines(
        (request) => {
          if (request.path === "/throws") throw new Error("thrown")
          if (request.path === "/status") return Effect.succeed(Http2Response.make({ status: 99 }))
          if (request.path === "/length") {
            return Effect.succeed(Http2Response.make({ body: "four", headers: { "content-length": "5" } }))
          }
          return Effect.delay(Effect.succeed(Http2Response.make({ headers: { connection: "close" } })), 0)
        },
        ({ client }) =>
          Effect.gen(function* () {
            for (const path of ["/throws", "/status", "/length"])
              expect((yield* client.collect({ path })).status).toBe(500)
            yield* eventually(() => lines.length === 3)
          })
      ).pipe(Effect.provide(layer))
    })
  )

  it.effect("whose body fails behind the head: the client's body fails, behind what had come", () =>
    Effect.gen(function* () {
      const { layer, lines } = logged()
      yield* engines(
        () =>
          Effect.succeed(Http2Response.make({ body: Stream.concat(Stream.make(ascii("part")), Stream.fail("no")) })),
        ({ client }) =>
          Effect.gen(function* () {
            const response = yield* client.request({})
            expect(response.status).toBe(200)
            const { error, octets } = yield* readUntilFailure(response.body)
            expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.INTERNAL_ERROR, origin: "Remote" })
            expect(octets.length).toBeLessThanOrEqual(4)
            expect(yield* Effect.flip(response.trailers)).toBe(error)
            yield* eventually(() => lines.length === 1)
          })
      ).pipe(Effect.provide(layer))
    })
  )

  it.effect("whose trailers fail resets the stream", () =>
    Effect.gen(function* () {
      const { layer } = logged()
      yield* engines(
        () => Effect.succeed(Http2Response.make({ body: "body", trailers: Effect.fail("no") })),
        ({ client }) =>
          Effect.gen(function* () {
            expect(yield* Effect.flip(client.collect({}))).toMatchObject({ code: ErrorCode.INTERNAL_ERROR })
          })
      ).pipe(Effect.provide(layer))
    })
  )

  it.effect("that resets its stream and goes on is interrupted", () =>
    Effect.gen(function* () {
      let interrupted = 0
      yield* engines(
        (request) =>
          Effect.zipRight(
            request.stream.reset(ErrorCode.ENHANCE_YOUR_CALM),
            Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
          ),
        ({ client, serverStats }) =>
          Effect.gen(function* () {
            expect(yield* Effect.flip(client.collect({}))).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM })
            yield* eventually(() => serverStats.activeHandlers === 0)
            expect(interrupted).toBe(1)
          })
      )
    })
  )
})

describe("a body that the client sends", () => {
  it.effect("fails: the request fails with it, the handler never sees a clean end", () =>
    Effect.gen(function* () {
      const seen = yield* Deferred.make<unknown>()
      const started = yield* Deferred.make<void>()
      yield* engines(
        (request) =>
          Deferred.succeed(started, undefined).pipe(
            Effect.zipRight(request.bytes()),
            Effect.onExit((exit) => Deferred.succeed(seen, exit._tag)),
            Effect.as(Http2Response.make())
          ),
        ({ client }) =>
          Effect.gen(function* () {
            const failure = new Error("disk")
            const broken = Stream.fromEffect(Effect.zipRight(Deferred.await(started), Effect.fail(failure)))
            const body = Stream.concat(Stream.make(ascii("part")), broken)
            expect(yield* Effect.flip(client.collect({ method: "POST", body }))).toMatchObject({
              _tag: "Http2StreamError",
              origin: "User",
              code: ErrorCode.INTERNAL_ERROR,
              cause: failure
            })
            expect(yield* Deferred.await(seen)).toBe("Failure")
          })
      )
    })
  )

  it.effect("[rfc9113-8.1-5] is not needed: the answer comes whole, then RST_STREAM(NO_ERROR) ends the body", () =>
    Effect.gen(function* () {
      let released = 0
      const body = Stream.ensuring(
        endless,
        Effect.sync(() => released++)
      )
      for (const answer of [Http2Response.make({ status: 413 }), Http2Response.text("too large", { status: 413 })]) {
        yield* engines(
          () => Effect.succeed(answer),
          ({ client, clientStats }) =>
            Effect.gen(function* () {
              const response = yield* client.request({ method: "POST", body })
              yield* eventually(() => clientStats.resetsReceived === 1)
              expect(response.status).toBe(413)
              expect(yield* response.text()).toBe(answer.body === undefined ? "" : "too large")
              expect((yield* response.trailers).fields).toEqual([])
            })
        )
      }
      expect(released).toBe(2)
    })
  )
})

describe("content-length that lies", () => {
  it.effect("fails the response's body", () =>
    engines(
      (request) =>
        Effect.succeed(
          Http2Response.make({ headers: { "content-length": request.path.slice(1) }, body: Stream.make(ascii("four")) })
        ),
      ({ client }) =>
        Effect.gen(function* () {
          for (const length of [3, 5, 0]) {
            const { error } = yield* readUntilFailure((yield* client.request({ path: `/${length}` })).body)
            expect(error).toMatchObject({ _tag: "Http2StreamError" })
          }
          expect((yield* client.collect({ path: "/4" })).text).toBe("four")
        })
    ).pipe(Effect.provide(logged().layer))
  )

  it.effect("fails the request", () =>
    engines(
      (request) => Effect.map(request.bytes(), (body) => Http2Response.make({ body })),
      ({ client }) =>
        Effect.gen(function* () {
          for (const length of ["3", "5", "0"]) {
            const request = { method: "POST", headers: { "content-length": length }, body: Stream.make(ascii("four")) }
            expect(yield* Effect.flip(client.collect(request))).toMatchObject({ _tag: "Http2StreamError" })
          }
        })
    )
  )
})
