import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import { concat } from "@effect-http2/engine/octets"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { engines, inPieces } from "./support/engines.js"
import { live } from "./support/run.js"

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >>> 8)) & 0xff)

describe("an exchange between the two roles", () => {
  live("GET", () =>
    engines(
      (request) =>
        Effect.succeed(Http2ServerResponse.text(`You asked for ${request.path}`, { headers: { "x-a": "b" } })),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.collect({ path: "/hello" })
          expect(response.status).toBe(200)
          expect(response.text).toBe("You asked for /hello")
          expect(response.headers.get("x-a")).toBe("b")
          expect(response.headers.has("date")).toBe(true)
        })
    )
  )

  live("many requests at once, each with its own answer", () =>
    engines(
      (request) => Effect.as(Effect.yieldNow, Http2ServerResponse.text(request.path)),
      ({ client }) =>
        Effect.gen(function* () {
          const paths = Array.from({ length: 300 }, (_, index) => `/${index}`)
          const texts = yield* Effect.forEach(
            paths,
            (path) => Effect.map(client.collect({ path }), ({ text }) => text),
            {
              concurrency: "unbounded"
            }
          )
          expect(texts).toEqual(paths)
        })
    )
  )

  for (const size of [1, 100, 5000, 100_000]) {
    live(`an upload of a megabyte, folded, and the same sent back, in pieces of ${size} octets`, () => {
      const octets = pattern(size === 1 ? 20_000 : 1_000_000)
      return engines(
        (request) =>
          Effect.gen(function* () {
            const parts = yield* Stream.runCollect(request.body)
            return Http2ServerResponse.make({ body: inPieces(concat(parts), size) })
          }),
        ({ client }) =>
          Effect.gen(function* () {
            const response = yield* client.request({ method: "POST", body: inPieces(octets, size) })
            const length = yield* Stream.runFold(
              response.body,
              () => 0,
              (length, part) => length + part.length
            )
            expect(length).toBe(octets.length)
            const again = yield* client.collect({ method: "POST", body: octets })
            expect(Buffer.compare(again.body, octets)).toBe(0)
          })
      )
    })
  }

  live("trailers, both ways", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          yield* Stream.runDrain(request.body)
          const trailers = yield* request.trailers
          return Http2ServerResponse.text("done").pipe(
            Http2ServerResponse.setTrailers(Effect.succeed({ "x-sum": trailers.get("x-sum") ?? "none" }))
          )
        }),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.collect({
            method: "POST",
            body: Stream.make(pattern(100)),
            trailers: { "x-sum": "42" }
          })
          expect(response.trailers.get("x-sum")).toBe("42")
        })
    )
  )
})
