/** What `HttpClientResponse` offers, over either protocol. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { check, http2, https, makeClient, protocols, randomBytes } from "./support/servers.js"

const octets = randomBytes(1_000_000)

const isDecodeError = (error: unknown): boolean =>
  HttpClientError.isHttpClientError(error) && error.reason._tag === "DecodeError"

for (const { application, protocol } of protocols) {
  describe(protocol, () => {
    check("gives status, headers, remote address and protocol", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.writeHead(418, { "x-one": "1", "x-many": ["a", "b"] })
          response.end()
        })
        const client = yield* makeClient()
        const response = yield* client.get(url)
        expect(response.status).toBe(418)
        expect(response.headers["x-one"]).toBe("1")
        expect(response.headers["x-many"]).toBe("a, b")
        expect(Object.keys(response.headers).some((name) => name.startsWith(":"))).toBe(false)
        expect(Option.getOrThrow(response.remoteAddress)).toMatch(/127\.0\.0\.1|::1/)
        expect(NodeHttp2Client.protocolOf(response)).toEqual(Option.some(protocol))
        expect(response.toJSON()).toMatchObject({ _id: "effect/http/HttpClientResponse", status: 418 })
        expect(HttpClientResponse.TypeId in response).toBe(true)
      })
    )

    check("reads a body whole in every form, and more than once", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("content-type", "application/x-www-form-urlencoded")
          response.end("a=1&b=%C3%BC")
        })
        const client = yield* makeClient()
        const response = yield* client.get(url)
        expect(yield* response.text).toBe("a=1&b=%C3%BC")
        expect(yield* response.text).toBe("a=1&b=%C3%BC")
        expect(yield* response.urlParamsBody).toEqual(UrlParams.fromInput({ a: "1", b: "ü" }))
        expect(Buffer.from(yield* response.arrayBuffer).toString()).toBe("a=1&b=%C3%BC")
        expect((yield* response.formData).get("b")).toBe("ü")
        expect(Buffer.concat(yield* Stream.runCollect(response.stream)).toString()).toBe("a=1&b=%C3%BC")
      })
    )

    check("decodes JSON by a schema, and says where it cannot", () =>
      Effect.gen(function* () {
        const { url } = yield* application((request, response) => {
          response.end(request.url === "/good" ? '{"a":1}' : request.url === "/none" ? "" : "{")
        })
        const client = yield* makeClient()
        const decode = HttpClientResponse.schemaBodyJson(Schema.Struct({ a: Schema.Number }))
        expect(yield* Effect.flatMap(client.get(`${url}/good`), decode)).toEqual({ a: 1 })
        expect(yield* Effect.flatMap(client.get(`${url}/none`), (response) => response.json)).toBe(null)
        const error = yield* Effect.flip(Effect.flatMap(client.get(`${url}/bad`), (response) => response.json))
        expect(isDecodeError(error)).toBe(true)
      })
    )

    check("streams a body that is larger than the windows, and reads it whole", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => void response.end(octets))
        const client = yield* makeClient()
        const streamed = yield* Stream.runCollect(HttpClientResponse.stream(client.get(url)))
        expect(Buffer.concat(streamed).equals(octets)).toBe(true)
        const whole = yield* Effect.flatMap(client.get(url), (response) => response.arrayBuffer)
        expect(Buffer.from(whole).equals(octets)).toBe(true)
      })
    )

    check("an empty body is an empty Stream", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => void response.writeHead(204).end())
        const client = yield* makeClient()
        const response = yield* client.get(url)
        expect(yield* Stream.runCount(response.stream)).toBe(0)
        expect(yield* response.text).toBe("")
        expect(yield* response.json).toBe(null)
      })
    )

    check("a Stream that was read already fails", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => void response.end(octets))
        const client = yield* makeClient()
        const response = yield* client.get(url)
        expect(
          yield* Stream.runFold(
            response.stream,
            () => 0,
            (sum, chunk) => sum + chunk.length
          )
        ).toBe(octets.length)
        expect(isDecodeError(yield* Effect.flip(Stream.runDrain(response.stream)))).toBe(true)
        expect(isDecodeError(yield* Effect.flip(response.text))).toBe(true)
      })
    )

    check("keeps to MaxBodySize", () =>
      Effect.gen(function* () {
        const { url } = yield* application(
          (request, response) => void response.end(request.url === "/small" ? "1234567890" : octets)
        )
        const client = yield* makeClient()
        for (const path of ["/small", "/large"]) {
          const read = Effect.flatMap(client.get(`${url}${path}`), (response) => response.text)
          const limited = Effect.provideService(read, HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(9))
          expect(isDecodeError(yield* Effect.flip(limited))).toBe(true)
        }
      })
    )

    check("gives multipart form data", () =>
      Effect.gen(function* () {
        const form = new FormData()
        form.append("file", new File([octets], "a.bin"))
        const encoded = new Response(form)
        const body = Buffer.from(yield* Effect.promise(() => encoded.arrayBuffer()))
        const { url } = yield* application((_, response) => {
          response.setHeader("content-type", encoded.headers.get("content-type") ?? "")
          response.end(body)
        })
        const client = yield* makeClient()
        const received = yield* Effect.flatMap(client.get(url), (response) => response.formData)
        const file = received.get("file")
        expect(file instanceof File && file.size).toBe(octets.length)
      })
    )

    check("gives trailers", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("trailer", "x-end")
          response.write("body")
          response.addTrailers({ "x-end": "yes" })
          response.end()
        })
        const client = yield* makeClient()
        const response = yield* client.get(url)
        expect(yield* response.text).toBe("body")
        expect((yield* Option.getOrThrow(NodeHttp2Client.trailersOf(response)))["x-end"]).toBe("yes")
      })
    )
  })
}

check("tells of informational responses over HTTP/2", () =>
  Effect.gen(function* () {
    const { url } = yield* http2((stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a.css>" })
      stream.respond({ ":status": 200 })
      stream.end()
    })
    const client = yield* makeClient()
    const seen: Array<unknown> = []
    const response = yield* NodeHttp2Client.withInformational(client.get(url), ({ headers, status }) => {
      seen.push([status, headers["link"]])
    })
    expect([response.status, seen]).toEqual([200, [[103, "</a.css>"]]])
  })
)

check("tells of informational responses over HTTP/1.1", () =>
  Effect.gen(function* () {
    const { url } = yield* https((_, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" })
      response.end()
    })
    const client = yield* makeClient()
    const seen: Array<unknown> = []
    const response = yield* NodeHttp2Client.withInformational(client.get(url), ({ headers, status }) => {
      seen.push([status, headers["link"]])
    })
    expect([response.status, seen]).toEqual([200, [[103, "</a.css>; rel=preload"]]])
  })
)

for (const [name, server] of [
  [
    "HTTP/2",
    () =>
      http2((stream) => {
        stream.additionalHeaders({ ":status": 103 })
        stream.respond()
        stream.end()
      })
  ],
  [
    "HTTP/1.1",
    () =>
      https((_, response) => {
        response.writeEarlyHints({ link: "</a.css>; rel=preload" })
        response.end()
      })
  ]
] as const) {
  check(`a callback for informational responses that throws ends its request over ${name}`, () =>
    Effect.gen(function* () {
      const { url } = yield* server()
      const client = yield* makeClient()
      const asked = NodeHttp2Client.withInformational(client.get(url), () => {
        throw new Error("mine")
      })
      const error = yield* Effect.flip(asked)
      expect(error).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "EncodeError" },
        cause: { message: "mine" }
      })
    })
  )
}

check("names of fields that objects have already", () =>
  Effect.gen(function* () {
    const { url } = yield* http2((stream) => {
      stream.respond({ constructor: "a", valueof: "b" })
      stream.end()
    })
    const response = yield* (yield* makeClient()).get(url)
    expect([response.headers["constructor"], response.headers["valueof"]]).toEqual(["a", "b"])
  })
)
