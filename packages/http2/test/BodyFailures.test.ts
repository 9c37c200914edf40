/** Bodies that fail, that nobody needs, or that are not as long as they say: never a clean end. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { logged, readUntilFailure } from "./support/failures.js"
import { ascii, filled } from "./support/wire.js"

const endless = Stream.forever(Stream.make(filled(1000)))

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
            Effect.as(Http2ServerResponse.make())
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
      for (const answer of [
        Http2ServerResponse.make({ status: 413 }),
        Http2ServerResponse.text("too large", { status: 413 })
      ]) {
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
          Http2ServerResponse.make({
            headers: { "content-length": request.path.slice(1) },
            body: Stream.make(ascii("four"))
          })
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
      (request) => Effect.map(request.bytes(), (body) => Http2ServerResponse.make({ body })),
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

describe("a Stream that contradicts its content-length", () => {
  const lengths: ReadonlyArray<readonly [what: string, octets: number]> = [
    ["shorter", 3],
    ["longer", 5]
  ]
  for (const [what, octets] of lengths) {
    it.effect(`[rfc9113-8.1.1-1] ${what}: the response fails at the server, and never looks whole at the client`, () =>
      Effect.gen(function* () {
        const log = logged()
        const body = Stream.make(filled(2), filled(octets - 2))
        const error = yield* engines(
          () => Effect.succeed(Http2ServerResponse.make({ headers: { "content-length": "4" }, body })),
          ({ client }) => Effect.flip(client.collect({ path: "/" }))
        ).pipe(Effect.provide(log.layer))
        expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.INTERNAL_ERROR, origin: "Remote" })
        expect(log.lines.join()).toContain("content-length is 4")
      })
    )

    it.effect(`[rfc9113-8.1.1-1] ${what}: the request fails as misuse`, () =>
      engines(
        (request) => Effect.as(request.bytes(), Http2ServerResponse.make()),
        ({ client }) =>
          Effect.gen(function* () {
            const body = Stream.make(filled(2), filled(octets - 2))
            const request = { method: "POST", headers: { "content-length": "4" }, body }
            expect(yield* Effect.flip(client.collect(request))).toMatchObject({
              _tag: "Http2StreamError",
              origin: "User",
              code: ErrorCode.INTERNAL_ERROR
            })
          })
      )
    )
  }
})
