/** How requests fail: the platform's errors with its reasons, and ours as their cause. What was not processed is sent once more. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { describe, expect } from "vitest"
import { check, http, http2, https, makeClient, randomBytes, readAll, serve } from "./support/servers.js"

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = Http2.constants

const failure = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientError.HttpClientError, string> =>
  Effect.flip(Effect.flatMap(client.execute(request), (response) => response.text))

/** What an error came of. */
const ours = (error: HttpClientError.HttpClientError): Http2Error.Http2Error | undefined =>
  Option.getOrUndefined(NodeHttp2Client.http2ErrorOf(error))

describe("before the response", () => {
  for (const url of ["/relative", "ftp://localhost/", "http://", "https://localhost:99999/"]) {
    check(`InvalidUrl: ${url}`, () =>
      Effect.gen(function* () {
        const client = yield* makeClient()
        const error = yield* failure(client, HttpClientRequest.get(url))
        expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "InvalidUrlError" } })
      })
    )
  }

  check("Transport: nobody listens", () =>
    Effect.gen(function* () {
      const server = yield* serve(Net.createServer())
      const { port } = server
      yield* Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      const client = yield* makeClient({ priorKnowledge: [`http://127.0.0.1:${port}`] })
      for (const scheme of ["https", "http"]) {
        const error = yield* failure(client, HttpClientRequest.get(`${scheme}://127.0.0.1:${port}/`))
        expect(error).toMatchObject({
          _tag: "HttpClientError",
          reason: { _tag: "TransportError" },
          cause: { code: "ECONNREFUSED" }
        })
        expect(ours(error)).toMatchObject({ reason: "Connect", processed: "no" })
      }
    })
  )

  check("Transport: nobody listens, over HTTP/1.1", () =>
    Effect.gen(function* () {
      const server = yield* serve(Net.createServer())
      const { port } = server
      yield* Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      const error = yield* failure(yield* makeClient(), HttpClientRequest.get(`http://127.0.0.1:${port}/`))
      expect(error).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "TransportError" },
        cause: { code: "ECONNREFUSED" }
      })
      expect(ours(error)).toMatchObject({ reason: "Connect", processed: "no" })
    })
  )

  check("Transport: a certificate that is not trusted, unless that is allowed", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => {
        stream.respond()
        stream.end("ok")
      })
      const strict = yield* makeClient({ tls: {} })
      const error = yield* failure(strict, HttpClientRequest.get(url))
      expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
      expect(error.cause).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
      expect(ours(error)).toMatchObject({ reason: "Tls" })
      const lax = yield* makeClient({ tls: { rejectUnauthorized: false } })
      expect(yield* Effect.flatMap(lax.get(url), (response) => response.text)).toBe("ok")
    })
  )

  check("Transport: the stream is reset", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => stream.close(NGHTTP2_INTERNAL_ERROR))
      const error = yield* failure(yield* makeClient(), HttpClientRequest.get(url))
      expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
      expect(Http2Error.isStreamError(error.cause)).toBe(true)
      expect(error.cause).toMatchObject({ code: NGHTTP2_INTERNAL_ERROR, origin: "Remote", processed: "unknown" })
    })
  )

  check("Transport: the connection is lost", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => stream.session?.destroy())
      const error = yield* failure(yield* makeClient(), HttpClientRequest.get(url))
      expect(error).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "TransportError" },
        cause: { processed: "unknown" }
      })
    })
  )

  check("Transport: the connection of HTTP/1.1 is lost", () =>
    Effect.gen(function* () {
      const { dials, url } = yield* https((request) => request.socket.destroy())
      const error = yield* failure(yield* makeClient(), HttpClientRequest.get(url))
      expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
      expect(Http2Error.isTransportError(ours(error))).toBe(true)
      expect(dials()).toBe(1)
    })
  )

  for (const [name, server] of [
    ["HTTP/2", () => http2((stream) => stream.resume())],
    ["HTTP/1.1", () => http((request) => request.resume())]
  ] as const) {
    check(`Encode: the body of a request over ${name} fails`, () =>
      Effect.gen(function* () {
        const { url } = yield* server()
        const body = Stream.concat(Stream.make(randomBytes(100)), Stream.fail("no more"))
        const request = HttpClientRequest.bodyStream(HttpClientRequest.post(url), body)
        const error = yield* failure(yield* makeClient(), request)
        expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "EncodeError" }, cause: "no more" })
      })
    )

    check(`Encode: what cannot be sent over ${name}`, () =>
      Effect.gen(function* () {
        const { url } = yield* server()
        const client = yield* makeClient()
        const requests = [
          HttpClientRequest.setHeader(HttpClientRequest.get(url), "x-bad", "a\nb"),
          HttpClientRequest.setHeader(HttpClientRequest.get(url), "x bad", "a"),
          HttpClientRequest.setBody(HttpClientRequest.post(url), HttpBody.raw(1)),
          HttpClientRequest.setBody(HttpClientRequest.post(url), HttpBody.raw({ a: 1 }))
        ]
        for (const request of requests) {
          expect(yield* failure(client, request)).toMatchObject({
            _tag: "HttpClientError",
            reason: { _tag: "EncodeError" }
          })
        }
      })
    )
  }
})

describe("behind the response's head", () => {
  const isCutOff = (error: HttpClientError.HttpClientError): void => {
    expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "DecodeError" }, response: { status: 200 } })
    expect(Http2Error.isHttp2Error(ours(error))).toBe(true)
  }

  check("Decode: the stream is reset within the body", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => {
        stream.respond()
        stream.write("half")
        setImmediate(() => stream.destroy(new Error("broken")))
      })
      const client = yield* makeClient()
      isCutOff(yield* failure(client, HttpClientRequest.get(url)))
      const read: Array<string> = []
      const streamed = Effect.flatMap(client.get(url), ({ stream }) =>
        Stream.runForEach(stream, (chunk) => Effect.sync(() => read.push(Buffer.from(chunk).toString())))
      )
      isCutOff(yield* Effect.flip(streamed))
      expect(read.join("")).toBe("half")
    })
  )

  check("Decode: the body ends before its length", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => {
        stream.respond({ "content-length": 10 })
        stream.end("half")
      })
      isCutOff(yield* failure(yield* makeClient(), HttpClientRequest.get(url)))
    })
  )

  check("Decode: the body of HTTP/1.1 ends before its length", () =>
    Effect.gen(function* () {
      const { url } = yield* https((_, response) => {
        response.setHeader("content-length", 10)
        response.write("half", () => response.destroy())
      })
      const client = yield* makeClient()
      isCutOff(yield* failure(client, HttpClientRequest.get(url)))
      isCutOff(yield* Effect.flip(Effect.flatMap(client.get(url), ({ stream }) => Stream.runDrain(stream))))
    })
  )

  check("StatusCode: as HttpClientResponse says", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => stream.respond({ ":status": 404 }, { endStream: true }))
      const client = HttpClient.filterStatusOk(yield* makeClient())
      expect(yield* failure(client, HttpClientRequest.get(url))).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "StatusCodeError" }
      })
    })
  )
})

describe("what was not processed", () => {
  const bodies: ReadonlyArray<readonly [string, boolean, () => HttpBody.HttpBody]> = [
    ["Empty", true, () => HttpBody.empty],
    ["Uint8Array", true, () => HttpBody.uint8Array(randomBytes(100))],
    ["Raw of a string", true, () => HttpBody.raw("text")],
    ["FormData", true, () => HttpBody.formDataRecord({ a: "b" })],
    ["Stream", false, () => HttpBody.stream(Stream.make(randomBytes(100)))]
  ]
  for (const [name, isRepeated, body] of bodies) {
    check(`is ${isRepeated ? "" : "not "}sent once more with a body: ${name}`, () =>
      Effect.gen(function* () {
        const lengths: Array<number> = []
        const { dials, url } = yield* http2((stream) => {
          void readAll(stream).then(
            (octets) => {
              lengths.push(octets.length)
              if (lengths.length === 1) return stream.close(NGHTTP2_REFUSED_STREAM)
              stream.respond()
              stream.end("ok")
            },
            () => undefined
          )
        })
        const stats = NodeHttp2Client.makeStats()
        const client = yield* makeClient({ stats })
        const request = HttpClientRequest.setBody(HttpClientRequest.post(url), body())
        const result = yield* Effect.result(Effect.flatMap(client.execute(request), (response) => response.text))
        if (isRepeated) {
          expect(result).toMatchObject({ _tag: "Success", success: "ok" })
          expect([lengths.length, lengths[0] === lengths[1], dials()]).toEqual([2, true, 2])
        } else {
          expect(result).toMatchObject({ failure: { reason: { _tag: "TransportError" }, cause: { processed: "no" } } })
        }
        expect(stats.retries).toBe(isRepeated ? 1 : 0)
      })
    )
  }

  check("is sent once more, and no further time", () =>
    Effect.gen(function* () {
      let requests = 0
      const { url } = yield* http2((stream) => {
        requests++
        stream.close(NGHTTP2_REFUSED_STREAM)
      })
      const error = yield* failure(yield* makeClient(), HttpClientRequest.get(url))
      expect(error).toMatchObject({
        reason: { _tag: "TransportError" },
        cause: { processed: "no", code: NGHTTP2_REFUSED_STREAM }
      })
      expect(requests).toBe(2)
    })
  )

  check("is sent on the same connection where there may be only one", () =>
    Effect.gen(function* () {
      let requests = 0
      const { dials, url } = yield* http2((stream) => {
        requests++
        if (requests === 1) return stream.close(NGHTTP2_REFUSED_STREAM)
        stream.respond()
        stream.end("ok")
      })
      const client = yield* makeClient({ pool: { maxConnections: 1 } })
      expect(yield* Effect.flatMap(client.get(url), (response) => response.text)).toBe("ok")
      expect([requests, dials()]).toEqual([2, 1])
    })
  )

  check("was above the last stream of a GOAWAY: sent on another connection", () =>
    Effect.gen(function* () {
      let isFirst = true
      const { dials, url } = yield* http2((stream) => {
        // Those behind the first of this connection are not processed.
        if (isFirst) stream.session?.goaway(0, stream.id)
        isFirst = false
        stream.respond()
        stream.end("ok")
      })
      const client = yield* makeClient({ pool: { maxConnections: 1 } })
      const all = yield* Effect.all(
        Array.from({ length: 5 }, () => Effect.flatMap(client.post(url), (response) => response.text)),
        { concurrency: "unbounded" }
      )
      expect([all, dials()]).toEqual([["ok", "ok", "ok", "ok", "ok"], 2])
    })
  )

  check("was on a connection of HTTP/1.1 that had been idle, and may be repeated", () =>
    Effect.gen(function* () {
      let requests = 0
      const { dials, url } = yield* http((request, response) => {
        requests++
        // The second request on the first connection meets its end.
        if (requests === 2) request.socket.destroy()
        else response.end("ok")
      })
      const client = yield* makeClient()
      for (let i = 0; i < 2; i++) {
        expect(yield* Effect.flatMap(client.get(url), (response) => response.text)).toBe("ok")
      }
      expect([requests, dials()]).toEqual([3, 2])
    })
  )
})
