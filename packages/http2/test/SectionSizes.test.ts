/** The peer's SETTINGS_MAX_HEADER_LIST_SIZE, in all that we send (RFC 9113 §6.5.2): what is larger does not leave, and no message looks complete that is not. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Headers from "@effect-http2/http2/Headers"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { logged } from "./support/failures.js"
import { client, type Peer, server } from "./support/peer.js"
import { data, filled, get, headers, ok, type Pairs, post, settings, windowUpdate } from "./support/wire.js"

const { Id } = Settings

/** The size of a section, counted here. */
const sizeOf = (fields: Pairs): number =>
  fields.reduce((size, [name, value]) => size + name.length + value.length + 32, 0)

/** A server whose client accepts sections of up to `most`. */
const serverFor = (
  most: number,
  handler: Http2Server.Handler<unknown, Scope.Scope>,
  options: Http2Server.ServerOptions = {}
) =>
  Effect.tap(server(handler, options), ({ peer }) =>
    Effect.zipRight(peer.send(settings([Id.MAX_HEADER_LIST_SIZE, most])), peer.barrier(0x50))
  )

const headOf = (peer: Peer, streamId: number) =>
  Effect.map(
    peer.await("Headers", (frame) => frame.streamId === streamId),
    (frame) => peer.fieldsOf(frame)
  )

const large: Readonly<Record<string, string>> = { "x-large": "x".repeat(500) }
const largeField = ["x-large", "x".repeat(500)] as const
const date = ["date", "Thu, 01 Jan 1970 00:00:00 GMT"] as const

describe("responses", () => {
  const cases: ReadonlyArray<
    readonly [
      title: string,
      fields: Pairs,
      options: Http2Server.ServerOptions,
      response: Http2ServerResponse.Http2ServerResponse
    ]
  > = [
    [
      "with a date of ours",
      [[":status", "200"], largeField, date],
      { sendDate: true },
      Http2ServerResponse.empty({ status: 200, headers: large })
    ],
    [
      "without a date",
      [[":status", "404"], largeField],
      {},
      Http2ServerResponse.empty({ status: 404, headers: large })
    ],
    [
      "with a date of the handler's",
      [[":status", "200"], largeField, date],
      { sendDate: true },
      Http2ServerResponse.empty({ status: 200, headers: { ...large, date: date[1] } })
    ]
  ]
  for (const [title, fields, options, response] of cases) {
    it.scoped(`${title}: up to what the client accepts, and not an octet more`, () =>
      Effect.gen(function* () {
        const { lines, layer } = logged()
        const { peer } = yield* Effect.provide(
          serverFor(sizeOf(fields), () => Effect.succeed(response), options),
          // What a client makes fail is told at level debug.
          Layer.merge(layer, Logger.minimumLogLevel(LogLevel.Debug))
        )
        yield* peer.send(headers(1, get))
        expect(new Map(yield* headOf(peer, 1))).toEqual(new Map(fields))
        yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, sizeOf(fields) - 1]), headers(3, get))
        expect((yield* headOf(peer, 3))[0]).toEqual([":status", "500"])
        expect(lines.join()).toContain(
          `the fields have a size of ${sizeOf(fields)}, the peer accepts ${sizeOf(fields) - 1}`
        )
        yield* peer.barrier()
      })
    )
  }

  it.scoped("a handler hears of it, and can answer something smaller", () =>
    Effect.gen(function* () {
      const { peer } = yield* serverFor(200, (request) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(request.respond(Http2ServerResponse.empty({ headers: large })))
          expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User", section: "6.5.2" })
          const informational = yield* Effect.flip(request.informational(103, Headers.make(large)))
          expect(informational).toMatchObject({ _tag: "Http2StreamError", origin: "User", section: "6.5.2" })
          return Http2ServerResponse.text("small")
        })
      )
      yield* peer.send(headers(1, get))
      expect((yield* headOf(peer, 1))[0]).toEqual([":status", "200"])
      expect(yield* peer.await("Data")).toMatchObject({ endStream: true })
    })
  )

  it.scoped("informational ones, up to what the client accepts", () =>
    Effect.gen(function* () {
      const { peer } = yield* serverFor(sizeOf([[":status", "103"], largeField]), (request) =>
        Effect.as(request.informational(103, Headers.make(large)), Http2ServerResponse.text("small"))
      )
      yield* peer.send(headers(1, get))
      expect((yield* headOf(peer, 1))[0]).toEqual([":status", "103"])
      expect((yield* headOf(peer, 1))[0]).toEqual([":status", "200"])
    })
  )

  it.scoped("the head of a tunnel: the request can still be answered otherwise", () =>
    Effect.gen(function* () {
      const { peer } = yield* serverFor(sizeOf([[":status", "200"], largeField]) - 1, (request) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(request.tunnel({ headers: large }))).toMatchObject({ origin: "User" })
          expect(request.canRespond).toBe(true)
          return Http2ServerResponse.empty({ status: 502 })
        })
      )
      yield* peer.send(
        headers(
          1,
          [
            [":method", "CONNECT"],
            [":authority", "test:1"]
          ],
          false
        )
      )
      expect((yield* headOf(peer, 1))[0]).toEqual([":status", "502"])
    })
  )

  it.scoped("where not even 100 (Continue) or a failure fits, a reset", () =>
    Effect.gen(function* () {
      const { layer } = logged()
      const { peer } = yield* Effect.provide(
        serverFor(41, (request) => Effect.as(request.bytes(), Http2ServerResponse.empty()), { maxHeaderListSize: 400 }),
        layer
      )
      yield* peer.send(headers(1, [...post, ["expect", "100-continue"]], false))
      yield* peer.barrier()
      yield* peer.send(data(1, "body", true))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.INTERNAL_ERROR })
      // Nor does 431.
      yield* peer.send(headers(3, [...get, largeField]))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 3, errorCode: ErrorCode.INTERNAL_ERROR })
      expect(peer.frames.some((frame) => frame._tag === "Headers")).toBe(false)
      yield* peer.barrier(1)
    })
  )
})

describe("trailers of a response", () => {
  const trailers = Effect.succeed(Headers.make(large))
  const bodies = { octets: filled(10), "a Stream": Stream.make(filled(5), filled(5)), "no body": undefined }

  for (const [what, body] of Object.entries(bodies)) {
    it.scoped(`behind ${what}: RST_STREAM in place of an end, and the handler hears of it`, () =>
      Effect.gen(function* () {
        const failure = yield* Deferred.make<unknown>()
        const { peer } = yield* serverFor(sizeOf([largeField]), (request) =>
          Effect.zipRight(
            Effect.catchAll(request.respond(Http2ServerResponse.make({ body, trailers })), (error) =>
              Deferred.succeed(failure, error)
            ),
            Effect.succeed(Http2ServerResponse.empty())
          )
        )
        yield* peer.send(headers(1, get))
        yield* headOf(peer, 1)
        expect(yield* peer.await("Headers")).toMatchObject({ streamId: 1, endStream: true })
        yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, sizeOf([largeField]) - 1]), headers(3, get))
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 3, errorCode: ErrorCode.INTERNAL_ERROR })
        expect(peer.frames.some((frame) => "endStream" in frame && frame.streamId === 3 && frame.endStream)).toBe(false)
        expect(yield* Deferred.await(failure)).toMatchObject({
          _tag: "Http2StreamError",
          origin: "User",
          section: "6.5.2"
        })
        yield* peer.barrier()
      })
    )
  }

  it.scoped("that were fine when they were given, and are not when they leave", () =>
    Effect.gen(function* () {
      const { peer } = yield* serverFor(1000, () =>
        Effect.succeed(Http2ServerResponse.make({ body: filled(70_000), trailers }))
      )
      yield* peer.send(headers(1, get))
      yield* headOf(peer, 1)
      yield* peer.barrier()
      yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, 500]), windowUpdate(0, 70_000), windowUpdate(1, 70_000))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.INTERNAL_ERROR })
      yield* peer.barrier(1)
    })
  )
})

describe("requests", () => {
  const request: Http2ClientRequest.Http2ClientRequest = { headers: large, path: "/path", priority: { urgency: 1 } }
  const fields: Pairs = [...get.slice(0, 3), [":path", "/path"], largeField, ["priority", "u=1"]]

  it.scoped("up to what the server accepts, and not an octet more", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ settings: [[Id.MAX_HEADER_LIST_SIZE, sizeOf(fields) - 1]] })
      expect(yield* Effect.flip(http.collect(request))).toMatchObject({
        _tag: "Http2StreamError",
        origin: "User",
        section: "6.5.2",
        processed: "no"
      })
      expect(yield* Effect.flip(Effect.scoped(http.request(request)))).toMatchObject({ origin: "User" })
      yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, sizeOf(fields)]))
      yield* peer.barrier()
      const asked = yield* Effect.fork(http.collect(request))
      // No id is lost.
      expect(new Map(yield* headOf(peer, 1))).toEqual(new Map(fields))
      yield* peer.send(headers(1, ok))
      yield* Fiber.join(asked)
    })
  )

  it.scoped("that wait for a free stream are checked when there is one", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ settings: [[Id.MAX_CONCURRENT_STREAMS, 0]] })
      const asked = yield* Effect.fork(Effect.flip(http.collect(request)))
      const small = yield* Effect.fork(http.collect({}))
      yield* peer.barrier()
      yield* peer.send(settings([Id.MAX_CONCURRENT_STREAMS, 1], [Id.MAX_HEADER_LIST_SIZE, 300]))
      expect(yield* Fiber.join(asked)).toMatchObject({ origin: "User", processed: "no" })
      expect(yield* headOf(peer, 1)).toEqual(get)
      yield* peer.send(headers(1, ok))
      yield* Fiber.join(small)
    })
  )

  it.scoped("go out before the server has said what it accepts", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ silent: true })
      const asked = yield* Effect.fork(http.collect(request))
      yield* headOf(peer, 1)
      yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, 1]), headers(1, ok))
      yield* Fiber.join(asked)
      expect(yield* Effect.flip(http.collect({}))).toMatchObject({ origin: "User" })
    })
  )

  it.scoped("for a tunnel, the pseudo-header fields of extended CONNECT counted", () =>
    Effect.gen(function* () {
      const connect: Pairs = [[":method", "CONNECT"], [":protocol", "websocket"], ...get.slice(1)]
      const { client: http, peer } = yield* client({
        settings: [
          [Id.ENABLE_CONNECT_PROTOCOL, 1],
          [Id.MAX_HEADER_LIST_SIZE, sizeOf(connect) - 1]
        ]
      })
      const open = Effect.scoped(http.tunnel({ protocol: "websocket", path: "/" }))
      expect(yield* Effect.flip(open)).toMatchObject({ origin: "User", section: "6.5.2" })
      yield* peer.send(settings([Id.MAX_HEADER_LIST_SIZE, sizeOf(connect)]))
      yield* peer.barrier()
      const asked = yield* Effect.fork(open)
      expect(new Map(yield* headOf(peer, 1))).toEqual(new Map(connect))
      yield* peer.send(headers(1, ok, false))
      yield* Fiber.join(asked)
    })
  )

  const bodies = { octets: filled(10), "a Stream": Stream.make(filled(5), filled(5)), "no body": undefined }
  for (const [what, body] of Object.entries(bodies)) {
    it.scoped(`with trailers behind ${what}: RST_STREAM in place of an end, and the request fails`, () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client({ settings: [[Id.MAX_HEADER_LIST_SIZE, 300]] })
        const trailers = Effect.succeed(Headers.make(large))
        const asked = yield* Effect.fork(Effect.flip(http.collect({ method: "POST", body, trailers })))
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.INTERNAL_ERROR })
        expect(peer.frames.some((frame) => "endStream" in frame && frame.endStream)).toBe(false)
        expect(yield* Fiber.join(asked)).toMatchObject({ origin: "User", cause: { origin: "User", section: "6.5.2" } })
        yield* peer.answerPing
        yield* peer.barrier()
      })
    )
  }
})
