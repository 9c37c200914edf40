/** Requests and responses from one engine to the other, however the octets between them are cut. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { collect, engines, inPieces } from "./support/engines.js"
import { ascii, filled, pattern } from "./support/wire.js"

type Handler = Http2Server.Handler<unknown, Scope.Scope>

const cuttings: ReadonlyArray<readonly [string, MemoryTransport.Options]> = [
  ["in whole writes", {}],
  ["octet by octet", { chunkSizes: [1] }],
  ["in odd pieces", { chunkSizes: [1, 9, 2, 100, 7] }]
]

const echo: Handler = (request) =>
  Effect.map(request.bytes(), (body) => Http2ServerResponse.make({ body, headers: { "x-method": request.method } }))

describe.each(cuttings)("two engines, %s", (_name, transport) => {
  it.effect("GET, with everything that a request says", () =>
    engines(
      (request) =>
        Effect.succeed(
          Http2ServerResponse.unsafeJson([
            request.method,
            request.scheme,
            request.authority,
            request.path,
            request.headers.get("x-a")
          ])
        ),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.request({ path: "/a?b=c", headers: { "X-A": "1" } })
          expect(response.status).toBe(200)
          expect(response.headers.get("content-type")).toBe("application/json")
          expect(response.headers.get("date")).toBe("Thu, 01 Jan 1970 00:00:00 GMT")
          expect(JSON.parse(yield* response.text())).toEqual(["GET", "http", "test", "/a?b=c", "1"])
          expect((yield* response.trailers).fields).toEqual([])
        }),
      { transport }
    )
  )

  const bodies: ReadonlyArray<readonly [string, () => Http2ServerResponse.Body, Uint8Array]> = [
    ["none", () => undefined, ascii("")],
    ["an empty text", () => "", ascii("")],
    ["text", () => "grüße", new TextEncoder().encode("grüße")],
    ["octets", () => pattern(300), pattern(300)],
    ["a Stream", () => inPieces(pattern(300), 7), pattern(300)],
    ["an empty Stream", () => Stream.empty, ascii("")],
    ["a Stream of empty chunks", () => Stream.make(ascii(""), ascii("x"), ascii("")), ascii("x")]
  ]

  for (const [kind, make, octets] of bodies) {
    it.effect(`POST and its answer with a body of ${kind}`, () =>
      engines(
        (request) => Effect.map(request.bytes(), (bytes) => Http2ServerResponse.make({ body: Stream.make(bytes) })),
        ({ client }) =>
          Effect.gen(function* () {
            const response = yield* client.request({ method: "POST", body: make() })
            expect(yield* response.bytes()).toEqual(octets)
          }),
        { transport }
      )
    )

    it.effect(`a response with a body of ${kind}`, () =>
      engines(
        () => Effect.succeed(Http2ServerResponse.make({ body: make() })),
        ({ client }) =>
          Effect.gen(function* () {
            const response = yield* client.request({})
            expect(yield* collect(response.body)).toEqual(octets)
          }),
        { transport }
      )
    )
  }

  it.effect("HEAD, 204 and 304 have no body, whatever the handler gives and content-length says", () =>
    engines(
      (request) =>
        Effect.succeed(
          Http2ServerResponse.make({
            status: request.path === "/204" ? 204 : request.path === "/304" ? 304 : 200,
            headers: request.path === "/204" ? {} : { "content-length": "5" },
            body: request.method === "HEAD" ? Stream.die("is not run") : "hello"
          })
        ),
      ({ client }) =>
        Effect.gen(function* () {
          for (const [method, path] of [
            ["HEAD", "/"],
            ["GET", "/204"],
            ["GET", "/304"]
          ] as const) {
            const response = yield* client.request({ method, path })
            expect(response.headers.get("content-length")).toBe(path === "/204" ? undefined : "5")
            expect((yield* response.bytes()).length).toBe(0)
          }
        }),
      { transport }
    )
  )

  it.effect("both directions stream at once", () =>
    engines(
      (request) =>
        Effect.succeed(Http2ServerResponse.make({ body: Stream.map(request.body, (part) => part.slice().reverse()) })),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.request({ method: "POST", body: inPieces(pattern(2000), 50) })
          const back = yield* collect(response.body)
          expect(back.length).toBe(2000)
          expect([...back].sort()).toEqual([...pattern(2000)].sort())
        }),
      { transport }
    )
  )

  it.effect("trailers go both ways, behind a body or none", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          const body = yield* request.bytes()
          const trailers = yield* request.trailers
          return Http2ServerResponse.make({
            body: request.path === "/stream" ? inPieces(body, 2) : body,
            trailers: Effect.succeed({ "x-back": trailers.get("x-there") ?? "", "x-length": String(body.length) })
          })
        }),
      ({ client }) =>
        Effect.gen(function* () {
          for (const path of ["/", "/stream"]) {
            for (const body of [undefined, ascii("octets"), inPieces(ascii("octets"), 2)]) {
              const response = yield* client.request({ method: "POST", path, body, trailers: { "X-There": "1" } })
              const bytes = yield* response.bytes()
              const trailers = yield* response.trailers
              expect([trailers.get("x-back"), trailers.get("x-length")]).toEqual(["1", String(bytes.length)])
            }
          }
        }),
      { transport }
    )
  )

  it.effect("informational responses come before the final one", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          yield* request.informational(103, Http2ServerResponse.make({ headers: { link: "</a>" } }).headers)
          expect(yield* Effect.flip(request.informational(101, request.headers))).toMatchObject({ origin: "User" })
          expect(yield* Effect.flip(request.informational(200, request.headers))).toMatchObject({ origin: "User" })
          return yield* echo(request)
        }),
      ({ client }) =>
        Effect.gen(function* () {
          const seen: Array<unknown> = []
          const response = yield* client.request({
            method: "POST",
            body: "body",
            onInformational: (status, headers) => seen.push([status, headers.get("link")])
          })
          expect(yield* response.text()).toBe("body")
          expect(seen).toEqual([[103, "</a>"]])
        }),
      { transport }
    )
  )

  it.effect("CONNECT makes a tunnel", () =>
    engines(
      (request) =>
        Effect.succeed(Http2ServerResponse.make({ headers: { "x-to": request.authority }, body: request.body })),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.request({
            method: "CONNECT",
            authority: "db:5432",
            body: inPieces(ascii("query"), 1)
          })
          expect(response.headers.get("x-to")).toBe("db:5432")
          expect(yield* response.text()).toBe("query")
        }),
      { transport }
    )
  )

  it.effect("a whole response without a scope", () =>
    engines(
      echo,
      ({ client }) =>
        Effect.gen(function* () {
          const whole = yield* client.collect({ method: "POST", body: "all", trailers: { a: "b" } })
          expect([whole.status, whole.text, whole.headers.get("x-method")]).toEqual([200, "all", "POST"])
          expect(yield* Effect.flip(client.collect({ method: "POST", body: "all" }, 2))).toMatchObject({
            limit: "bytes"
          })
        }),
      { transport }
    )
  )
})

describe("two engines", () => {
  it.effect("bodies of many windows arrive whole, both ways at once, in frames of any size", () =>
    Effect.forEach([16_384, 1_000_000], (maxFrameSize) =>
      engines(
        (request) => Effect.succeed(Http2ServerResponse.make({ body: request.body })),
        ({ client }) =>
          Effect.gen(function* () {
            const octets = pattern(3_000_000)
            const response = yield* client.request({ method: "POST", body: inPieces(octets, 70_001) })
            expect(Buffer.compare(yield* response.bytes(), octets)).toBe(0)
          }),
        { server: { maxFrameSize }, client: { maxFrameSize } }
      )
    )
  )

  it.effect("a body longer than the limit is not collected", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.make({ body: filled(1000) })),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.request({})
          expect(yield* Effect.flip(response.bytes(999))).toMatchObject({ limit: "bytes", origin: "User" })
          expect((yield* (yield* client.request({})).bytes(1000)).length).toBe(1000)
        })
    )
  )

  it.effect("header lists larger than a frame arrive whole", () =>
    engines(
      (request) =>
        Effect.succeed(Http2ServerResponse.make({ headers: { "x-back": request.headers.get("x-long") ?? "" } })),
      ({ client }) =>
        Effect.gen(function* () {
          // HPACK's Huffman code makes nothing shorter of these.
          const long = "\xff".repeat(25_000)
          const response = yield* client.request({ headers: { "x-long": long } })
          expect(response.headers.get("x-back")).toBe(long)
        })
    )
  )

  it.effect("the statistics count", () =>
    engines(echo, ({ client, clientStats, serverStats }) =>
      Effect.gen(function* () {
        for (let i = 0; i < 3; i++) yield* client.collect({})
        expect([clientStats.requests, serverStats.requests, serverStats.connections]).toEqual([3, 3, 1])
        expect([serverStats.resetsSent, serverStats.resetsReceived, clientStats.resetsSent]).toEqual([0, 0, 0])
      })
    )
  )
})
