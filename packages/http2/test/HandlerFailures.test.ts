/** Handlers that fail, in every phase of their response: a 500 or a reset, and never a clean end. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Response from "@effect-http2/http2/Http2Response"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { logged, readUntilFailure } from "./support/failures.js"
import { ascii } from "./support/wire.js"

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
