/**
 * Bodies in both directions: every kind that a response can have, and every way to read that of a request.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { randomBytes } from "../utils.js"
import { protocols } from "./support/harness.js"

const octets = (text: string) => new TextEncoder().encode(text)

const answerWith = (body: () => HttpServerResponse.HttpServerResponse) =>
  HttpRouter.empty.pipe(HttpRouter.get("/", Effect.sync(body)), HttpServer.serveEffect())

const get = Effect.flatMap(HttpClient.get("/"), (response) =>
  Effect.map(response.text, (text) => ({ headers: response.headers, status: response.status, text }))
)

describe.each(protocols)("the body of a response over $protocol", ({ layer, protocol }) => {
  const kinds: ReadonlyArray<[string, () => HttpServerResponse.HttpServerResponse, Record<string, unknown>]> = [
    [
      "text",
      () => HttpServerResponse.text("tëxt"),
      { "content-type": "text/plain", "content-length": "5", text: "tëxt" }
    ],
    ["JSON", () => HttpServerResponse.unsafeJson([1]), { "content-type": "application/json", text: "[1]" }],
    [
      "HTML",
      () => HttpServerResponse.raw("<p>", { contentType: "text/html" }),
      { "content-type": "text/html", text: "<p>" }
    ],
    [
      "octets",
      () => HttpServerResponse.uint8Array(octets("abc")),
      { "content-type": "application/octet-stream", "content-length": "3", text: "abc" }
    ],
    ["a Stream", () => HttpServerResponse.stream(Stream.make(octets("ab"), octets("c"))), { text: "abc" }],
    [
      "a Stream of a known length",
      () => HttpServerResponse.stream(Stream.make(octets("abc")), { contentLength: 3 }),
      { "content-length": "3", text: "abc" }
    ],
    ["a Readable", () => HttpServerResponse.raw(Readable.from([octets("ab"), octets("c")])), { text: "abc" }],
    ["nothing", () => HttpServerResponse.empty({ status: 200 }), { text: "", status: 200 }]
  ]
  it.scopedLive.each(kinds)("%s", ([, response, expected]) =>
    Effect.gen(function* () {
      yield* answerWith(response)
      const { headers, status, text } = yield* get
      expect({ ...headers, status, text }).toMatchObject({ status: 200, ...expected })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("form data", () =>
    Effect.gen(function* () {
      const formData = new FormData()
      formData.append("name", "value")
      yield* answerWith(() => HttpServerResponse.formData(formData))
      const response = yield* get
      expect(response.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/)
      expect(response.text).toContain('name="name"\r\n\r\nvalue\r\n')
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a megabyte, in a piece and in many", () =>
    Effect.gen(function* () {
      const body = randomBytes(1 << 20)
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/whole", HttpServerResponse.uint8Array(body)),
        HttpRouter.get(
          "/pieces",
          Effect.sync(() =>
            HttpServerResponse.stream(Stream.map(Stream.range(0, 1023), (i) => body.subarray(i * 1024, (i + 1) * 1024)))
          )
        ),
        HttpServer.serveEffect()
      )
      for (const path of ["/whole", "/pieces"]) {
        const response = yield* HttpClient.get(path)
        expect(Buffer.from(yield* response.arrayBuffer).equals(body)).toBe(true)
      }
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("that is empty has a length of 0; a status that HTTP does not have is none", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/empty", HttpServerResponse.empty({ status: 200 })),
        HttpRouter.get("/600", HttpServerResponse.empty({ status: 600 })),
        HttpServer.serveEffect()
      )
      const empty = yield* HttpClient.get("/empty")
      expect([empty.status, empty.headers["content-length"], yield* empty.text]).toEqual([200, "0", ""])
      const unknown = yield* HttpClient.get("/600")
      expect(unknown.status).toBe(protocol === "HTTP/2" ? 500 : 600)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("none for HEAD, 204 and 304", () =>
    Effect.gen(function* () {
      let destroyed = 0
      const readable = () => new Readable({ read() {}, destroy: (_error, done) => void (destroyed++, done()) })
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/text", HttpServerResponse.text("text")),
        HttpRouter.get("/stream", HttpServerResponse.stream(Stream.never, { contentLength: 10 })),
        HttpRouter.get("/304", HttpServerResponse.empty({ status: 304, headers: { etag: '"1"' } })),
        HttpRouter.get("/204", HttpServerResponse.text("dropped", { status: 204 })),
        HttpRouter.get(
          "/raw",
          Effect.sync(() => HttpServerResponse.raw(readable()))
        ),
        HttpServer.serveEffect()
      )
      const head = yield* HttpClient.head("/text")
      expect([head.status, head.headers["content-length"], yield* head.text]).toEqual([200, "4", ""])
      const stream = yield* HttpClient.head("/stream")
      expect([stream.status, stream.headers["content-length"], yield* stream.text]).toEqual([200, "10", ""])
      const unchanged = yield* HttpClient.get("/304")
      expect([unchanged.status, unchanged.headers["etag"], yield* unchanged.text]).toEqual([304, '"1"', ""])
      const empty = yield* HttpClient.get("/204")
      expect([empty.status, yield* empty.text]).toEqual([204, ""])
      expect(empty.headers["content-length"]).toBe(undefined)
      if (protocol === "HTTP/1.1") return
      expect(yield* (yield* HttpClient.head("/raw")).text).toBe("")
      expect(destroyed).toBe(1)
    }).pipe(Effect.provide(layer))
  )
})

describe.each(protocols)("the body of a request over $protocol", ({ layer, protocol }) => {
  const post = (path: string, body: HttpBody.HttpBody) =>
    HttpClient.post(path, { body }).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (text) => [response.status, text] as const))
    )

  it.scopedLive("as text, JSON, URL parameters, octets; read more than once", () =>
    Effect.gen(function* () {
      const read = Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const text = yield* request.text
        return HttpServerResponse.unsafeJson([text, yield* request.json, yield* request.modify({ url: "/" }).text])
      })
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/json",
          protocol === "HTTP/2"
            ? read
            : Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
                Effect.map(Effect.zip(request.text, request.json), ([text, json]) =>
                  HttpServerResponse.unsafeJson([text, json, text])
                )
              )
        ),
        HttpRouter.post(
          "/params",
          Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
            Effect.map(request.urlParamsBody, HttpServerResponse.unsafeJson)
          )
        ),
        HttpRouter.post(
          "/octets",
          Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
            Effect.map(request.arrayBuffer, (buffer) => HttpServerResponse.uint8Array(new Uint8Array(buffer)))
          )
        ),
        HttpServer.serveEffect()
      )
      expect(yield* post("/json", HttpBody.unsafeJson({ a: "ä" }))).toEqual([
        200,
        '["{\\"a\\":\\"ä\\"}",{"a":"ä"},"{\\"a\\":\\"ä\\"}"]'
      ])
      expect(yield* post("/json", HttpBody.empty)).toEqual([200, '["",null,""]'])
      expect(yield* post("/json", HttpBody.text("{"))).toEqual([400, ""])
      expect(yield* post("/params", HttpBody.text("a=1&b=2&a=3"))).toEqual([200, '[["a","1"],["b","2"],["a","3"]]'])
      expect(yield* post("/octets", HttpBody.uint8Array(octets("abc")))).toEqual([200, "abc"])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("as a Stream, in both directions at once", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/echo",
          Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.stream(request.stream))
        ),
        HttpServer.serveEffect()
      )
      const body = randomBytes(500_000)
      const pieces = Stream.map(Stream.range(0, 99), (i) => body.subarray(i * 5000, (i + 1) * 5000))
      const response = yield* HttpClientRequest.post("/echo").pipe(
        HttpClientRequest.bodyStream(pieces),
        HttpClient.execute
      )
      expect(Buffer.from(yield* response.arrayBuffer).equals(body)).toBe(true)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("no longer than MaxBodySize", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/",
          Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
            Effect.map(request.text, (text) => HttpServerResponse.text(String(text.length)))
          )
        ),
        Effect.catchTag("RequestError", (error) => HttpServerResponse.text(error.reason, { status: 413 })),
        HttpServer.serveEffect(),
        HttpIncomingMessage.withMaxBodySize(Option.some(1000))
      )
      expect(yield* post("/", HttpBody.text("x".repeat(1000)))).toEqual([200, "1000"])
      if (protocol === "HTTP/1.1") return
      expect(yield* post("/", HttpBody.text("x".repeat(1001)))).toEqual([413, "Decode"])
    }).pipe(Effect.provide(layer))
  )
})
