/** Handlers that fail, in every phase of their response: a 500 or a reset, and never a clean end. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Settings from "@effect-http2/http2/Settings"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { logged, readUntilFailure } from "./support/failures.js"
import { server } from "./support/peer.js"
import { ascii, data, get, headers, post, reset, settings } from "./support/wire.js"

describe("a handler", () => {
  const failures: ReadonlyArray<readonly [kind: string, failing: Effect.Effect<never, unknown>]> = [
    ["fails", Effect.fail("no")],
    ["dies", Effect.die(new Error("no"))],
    ["fails with a Stream's error", Effect.fail(new Error("no"))]
  ]
  for (const [kind, failing] of failures) {
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

  const mistaken: ReadonlyArray<readonly [kind: string, given: unknown, says: string]> = [
    ["nothing", undefined, "no Effect: [object Undefined]"],
    ["a text", "text", "no Effect: [object String]"],
    ["a Promise", Promise.resolve(), "no Effect: [object Promise]"],
    ["a response without an Effect", Http2ServerResponse.text("text"), "no Effect: [object Object]"],
    ["an Effect of nothing", Effect.void, "an Effect of something else: [object Undefined]"],
    ["an Effect of a text", Effect.succeed("text"), "an Effect of something else: [object String]"],
    [
      "an Effect of a platform's response",
      Effect.succeed({ status: 200, body: { _tag: "Empty" } }),
      "an Effect of something else: [object Object]"
    ]
  ]
  for (const [kind, given, says] of mistaken) {
    it.effect(`that gives ${kind} is a 500, and is told once what a handler gives`, () =>
      Effect.gen(function* () {
        const { layer, lines } = logged()
        yield* engines(
          // What somebody gives who does not check types.
          () => given as Effect.Effect<Http2ServerResponse.Http2ServerResponse>,
          ({ client }) =>
            Effect.gen(function* () {
              expect((yield* client.collect({ path: "/x" })).status).toBe(500)
              yield* eventually(() => lines.length === 1)
              expect(lines[0]).toContain("ERROR Unhandled failure of the handler of GET /x")
              expect(lines[0]).toContain(`a handler gives an Effect of an Http2ServerResponse`)
              expect(lines[0]).toContain(says)
            })
        ).pipe(Effect.provide(layer))
        expect(lines.length).toBe(1)
      })
    )
  }

  it.effect("that throws, or gives what cannot be sent, is a 500 too", () =>
    Effect.gen(function* () {
      const { layer, lines } = logged()
      yield* engines(
        (request) => {
          if (request.path === "/throws") throw new Error("thrown")
          if (request.path === "/status") return Effect.succeed(Http2ServerResponse.make({ status: 99 }))
          if (request.path === "/length") {
            return Effect.succeed(Http2ServerResponse.make({ body: "four", headers: { "content-length": "5" } }))
          }
          return Effect.delay(Effect.succeed(Http2ServerResponse.make({ headers: { connection: "close" } })), 0)
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
          Effect.succeed(
            Http2ServerResponse.make({ body: Stream.concat(Stream.make(ascii("part")), Stream.fail("no")) })
          ),
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
        () => Effect.succeed(Http2ServerResponse.make({ body: "body", trailers: Effect.fail("no") })),
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

describe("what a client makes fail is counted, and told once a connection, at level debug", () => {
  const debug = Logger.minimumLogLevel(LogLevel.Debug)

  it.scoped("CVE-2026-50560: responses that SETTINGS_MAX_HEADER_LIST_SIZE does not allow", () => {
    const { layer, lines } = logged()
    return Effect.gen(function* () {
      const { peer, stats } = yield* server(() => Effect.succeed(Http2ServerResponse.text("answer")))
      yield* peer.send(settings([Settings.Id.MAX_HEADER_LIST_SIZE, 1]))
      const long: ReadonlyArray<readonly [string, string]> = [...get.slice(0, 3), [":path", `/${"x".repeat(5000)}`]]
      yield* peer.send(...Array.from({ length: 50 }, (_, i) => headers(1 + 2 * i, long)))
      yield* peer.barrier()
      yield* eventually(() => stats.failuresByPeer === 50)
      expect(lines.length).toBe(1)
      expect(lines[0]).toMatch(/^DEBUG The client made the handler of GET /)
      expect(lines[0]?.length).toBeLessThan(2000)
    }).pipe(Effect.provide(layer), Effect.provide(debug))
  })

  it.scoped("bodies that a client resets under a handler that makes a defect of that", () => {
    const { layer, lines } = logged()
    return Effect.gen(function* () {
      const { peer, stats } = yield* server((request) =>
        // Not interrupted: it fails with what the stream has failed with.
        Effect.uninterruptible(
          Effect.as(
            Effect.catchAll(request.bytes(), (cause) => Effect.die(new Error("my own", { cause }))),
            Http2ServerResponse.empty()
          )
        )
      )
      for (let id = 1; id < 41; id += 2) yield* peer.send(headers(id, post, false), data(id, "x"))
      yield* peer.barrier(1)
      for (let id = 1; id < 41; id += 2) yield* peer.send(reset(id))
      yield* peer.barrier(2)
      yield* eventually(() => stats.activeHandlers === 0)
      expect(stats.failuresByPeer).toBe(20)
      expect(lines.map((line) => line.slice(0, 5))).toEqual(["DEBUG"])
    }).pipe(Effect.provide(layer), Effect.provide(debug))
  })

  it.scoped("what is the handler's own is an error each time", () => {
    const { layer, lines } = logged()
    return Effect.gen(function* () {
      const { peer, stats } = yield* server(() => Effect.fail(new Error("mine")))
      yield* peer.send(headers(1, get), headers(3, get))
      yield* peer.barrier()
      yield* eventually(() => stats.activeHandlers === 0)
      expect([lines.map((line) => line.slice(0, 5)), stats.failuresByPeer]).toEqual([["ERROR", "ERROR"], 0])
    }).pipe(Effect.provide(layer), Effect.provide(debug))
  })
})
