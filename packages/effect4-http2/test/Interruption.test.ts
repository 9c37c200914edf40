import * as ErrorCode from "@effect-http2/effect4-http2/ErrorCode"
import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import * as MemoryTransport from "@effect-http2/effect4-http2/MemoryTransport"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { live } from "./support/run.js"

class Aborted extends Context.Service<Aborted, true>()("test/Aborted") {}

describe("interruption", () => {
  live("of a request interrupts its handler, which releases what it holds, and says why", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const exited = yield* Deferred.make<Exit.Exit<unknown, unknown>>()
      yield* engines(
        () =>
          Effect.gen(function* () {
            yield* Effect.acquireRelease(
              Effect.sync(() => log.push("acquired")),
              () => Effect.sync(() => log.push("released"))
            )
            return yield* Effect.never
          }).pipe(Effect.onExit((exit) => Deferred.succeed(exited, exit))),
        ({ client, serverStats }) =>
          Effect.gen(function* () {
            const request = yield* Effect.forkChild(client.collect({}))
            yield* eventually(() => log.length === 1)
            yield* Fiber.interrupt(request)
            const exit = yield* Deferred.await(exited)
            yield* eventually(() => serverStats.activeHandlers === 0)
            expect(log).toEqual(["acquired", "released"])
            expect(serverStats.handlersInterrupted).toBe(1)
            if (!Exit.isFailure(exit)) throw new Error("the handler has ended by itself")
            expect(Cause.hasInterruptsOnly(exit.cause)).toBe(true)
            expect(exit.cause.reasons.every(({ annotations }) => annotations.has(Aborted.key))).toBe(true)
          }),
        { server: { abortAnnotations: Context.make(Aborted, true) } }
      )
    })
  )

  live("the end of a request's scope stops a download whose rest nobody wants", () => {
    let isReleased = false
    return engines(
      () =>
        Effect.succeed(
          Http2ServerResponse.make({
            body: Stream.ensuring(
              Stream.forever(Stream.make(new Uint8Array(10_000))),
              Effect.sync(() => {
                isReleased = true
              })
            )
          })
        ),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          const octets = yield* Effect.scoped(
            Effect.flatMap(client.request({}), ({ body }) =>
              Stream.runFold(
                Stream.take(body, 3),
                () => 0,
                (length, part) => length + part.length
              )
            )
          )
          expect(octets).toBeGreaterThan(0)
          yield* eventually(() => isReleased && serverStats.activeHandlers === 0)
        })
    )
  })

  live("a handler that resets its stream fails the request with the code", () =>
    engines(
      ({ stream }) => Effect.andThen(stream.reset(ErrorCode.ENHANCE_YOUR_CALM), Effect.never),
      ({ client }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(client.collect({}))
          expect(error).toMatchObject({
            _tag: "Http2StreamError",
            code: ErrorCode.ENHANCE_YOUR_CALM,
            origin: "Remote"
          })
        })
    )
  )

  live("an upload whose body fails resets the stream; the request fails with what the body failed with", () => {
    const isStarted = Latch.makeUnsafe(false)
    return engines(
      (request) =>
        Effect.andThen(isStarted.open, Effect.as(Stream.runDrain(request.body), Http2ServerResponse.empty())),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          const broken = Effect.andThen(isStarted.await, Effect.fail("broken"))
          const body = Stream.concat(Stream.make(new Uint8Array(5000)), Stream.fromEffect(broken))
          const error = yield* Effect.flip(client.collect({ method: "POST", body }))
          expect(error).toMatchObject({ code: ErrorCode.INTERNAL_ERROR, origin: "User", cause: "broken" })
          yield* eventually(() => serverStats.handlersInterrupted === 1)
        })
    )
  })
})

describe("what is woken in the middle of the engine's step", () => {
  live("acts behind it: a response that breaks a rule resets its stream once, though who asked gives it up then", () =>
    Effect.gen(function* () {
      const scripted = yield* MemoryTransport.scripted()
      const stats = Http2Stats.make()
      const client = yield* Http2Client.make(scripted.transport, { authority: "test", stats })
      const frame = (type: number, flags: number, streamId: number, payload: ReadonlyArray<number>) =>
        Uint8Array.of(0, 0, payload.length, type, flags, 0, 0, 0, streamId, ...payload)
      yield* scripted.send(frame(4, 0, 0, []))
      const request = yield* Effect.forkChild(Effect.flip(client.collect({})), { startImmediately: true })
      // :status 200 twice.
      yield* scripted.send(frame(1, 5, 1, [0x88, 0x88]))
      expect(yield* Fiber.join(request)).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
      expect(stats.resetsSent).toBe(1)
      yield* scripted.reset
    })
  )

  live("acts behind it: a finalizer that resets the stream of its handler finds it over", () =>
    engines(
      ({ stream }) => Effect.onInterrupt(Effect.never, () => stream.reset()),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          const request = yield* Effect.forkChild(client.collect({}))
          yield* eventually(() => serverStats.activeHandlers === 1)
          yield* Fiber.interrupt(request)
          yield* eventually(() => serverStats.activeHandlers === 0)
          expect([serverStats.resetsSent, serverStats.handlersInterrupted]).toEqual([0, 1])
        })
    )
  )
})

describe("handlers that fail", () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    lines.push(`${logLevel} ${String(message)} ${String(Cause.squash(cause))}`)
  })
  const logged = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(
      Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
      Effect.provideService(References.MinimumLogLevel, "Debug")
    )

  live("are a 500 and a line in the log; behind a head, a reset", () =>
    engines(
      (request) => {
        if (request.path === "/dies") return Effect.die(new Error("a defect"))
        if (request.path === "/breaks") {
          const body = Stream.concat(Stream.make(new Uint8Array(10)), Stream.fail("a broken body"))
          return Effect.succeed(Http2ServerResponse.make({ body }))
        }
        return Effect.fail("a failure")
      },
      ({ client }) =>
        Effect.gen(function* () {
          lines.length = 0
          expect((yield* client.collect({ path: "/fails" })).status).toBe(500)
          expect((yield* client.collect({ path: "/dies" })).status).toBe(500)
          const broken = yield* Effect.flip(client.collect({ path: "/breaks" }))
          expect(broken).toMatchObject({ code: ErrorCode.INTERNAL_ERROR, origin: "Remote" })
          expect(lines).toEqual([
            "Error Unhandled failure of the handler of GET /fails a failure",
            "Error Unhandled failure of the handler of GET /dies Error: a defect",
            "Error Unhandled failure of the handler of GET /breaks a broken body"
          ])
        })
    ).pipe(logged)
  )

  live("by their client's doing are counted, and told once a connection, for whoever looks", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("", { headers: { "x-long": "x".repeat(1000) } })),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          lines.length = 0
          for (let i = 0; i < 3; i++) expect((yield* client.collect({})).status).toBe(500)
          expect(serverStats.failuresByPeer).toBe(3)
          expect(lines.map((line) => line.slice(0, 47))).toEqual(["Debug The client made the handler of GET / fail"])
        }),
      { client: { maxHeaderListSize: 500 } }
    ).pipe(logged)
  )
})
