/** What `HttpClientRequest` can say arrives, over either protocol. */
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Cookies from "effect/http/Cookies"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { describe, expect } from "vitest"
import { check, type Handler, makeClient, protocols, randomBytes, readAll } from "./support/servers.js"

const Echo = Schema.Struct({
  method: Schema.String,
  url: Schema.String,
  headers: Schema.Record(Schema.String, Schema.Unknown),
  body: Schema.String
})

/** Says what it was asked, the body in base64. */
const echo: Handler = (request, response) =>
  void readAll(request).then((body) => {
    const { headers, method, url } = request
    const { "content-length": contentLength, "content-type": contentType, ...rest } = headers
    response.setHeader("content-type", "application/json")
    response.end(
      JSON.stringify({
        method,
        url,
        headers: {
          ...Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith(":"))),
          "content-length": contentLength,
          "content-type": contentType
        },
        body: body.toString("base64")
      })
    )
  })

const ask = (client: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(client.execute(request), HttpClientResponse.schemaBodyJson(Echo))

const octets = randomBytes(300_000)
const short = Buffer.from("Grüße")

const formData = (): FormData => {
  const form = new FormData()
  form.append("name", "value")
  form.append("file", new File(["contents"], "a.txt", { type: "text/plain" }))
  return form
}

/** Bodies, what the server has to get, and whether its length has to be known. */
const bodies: ReadonlyArray<{
  readonly name: string
  readonly body: () => HttpBody.HttpBody
  readonly expected: Buffer
  readonly type?: string
  readonly length?: number
}> = [
  { name: "Empty", body: () => HttpBody.empty, expected: Buffer.alloc(0) },
  {
    name: "Uint8Array",
    body: () => HttpBody.uint8Array(octets),
    expected: octets,
    type: "application/octet-stream",
    length: 300_000
  },
  { name: "Uint8Array of no octets", body: () => HttpBody.uint8Array(new Uint8Array()), expected: Buffer.alloc(0) },
  { name: "text", body: () => HttpBody.text("Grüße"), expected: short, type: "text/plain", length: 7 },
  {
    name: "JSON",
    body: () => HttpBody.jsonUnsafe([1]),
    expected: Buffer.from("[1]"),
    type: "application/json",
    length: 3
  },
  {
    name: "Raw of a string",
    body: () => HttpBody.raw("Grüße", { contentType: "text/x" }),
    expected: short,
    type: "text/x",
    length: 7
  },
  { name: "Raw of octets", body: () => HttpBody.raw(octets), expected: octets, length: 300_000 },
  { name: "Raw of an ArrayBuffer", body: () => HttpBody.raw(new Uint8Array(short).buffer), expected: short, length: 7 },
  {
    name: "Raw of a DataView",
    body: () => HttpBody.raw(new DataView(new Uint8Array(short).buffer, 2)),
    expected: short.subarray(2),
    length: 5
  },
  {
    name: "Raw of a Blob",
    body: () => HttpBody.raw(new Blob([octets], { type: "a/b" })),
    expected: octets,
    type: "a/b",
    length: 300_000
  },
  { name: "Raw of a ReadableStream", body: () => HttpBody.raw(new Blob([octets]).stream()), expected: octets },
  {
    name: "Raw of a Readable",
    body: () => HttpBody.raw(Readable.from([octets, "Grüße"])),
    expected: Buffer.concat([octets, short])
  },
  {
    name: "Raw of URLSearchParams",
    body: () => HttpBody.raw(new URLSearchParams({ a: "ü" })),
    expected: Buffer.from("a=%C3%BC"),
    type: "application/x-www-form-urlencoded;charset=UTF-8",
    length: 8
  },
  { name: "Raw of an iterable", body: () => HttpBody.raw(new Set(["a", "b"])), expected: Buffer.from("ab") },
  { name: "Raw of nothing", body: () => HttpBody.raw(undefined), expected: Buffer.alloc(0) },
  {
    name: "Stream",
    body: () => HttpBody.stream(Stream.rechunk(Stream.make(octets, short), 1), "a/c"),
    expected: Buffer.concat([octets, short]),
    type: "a/c"
  },
  {
    name: "Stream of a known length",
    body: () => HttpBody.stream(Stream.make(short), "a/c", 7),
    expected: short,
    type: "a/c",
    length: 7
  },
  {
    name: "Stream of nothing",
    body: () => HttpBody.stream(Stream.empty, "a/c"),
    expected: Buffer.alloc(0),
    type: "a/c"
  }
]

for (const { application, protocol } of protocols) {
  describe(protocol, () => {
    for (const { body, expected, length, name, type } of bodies) {
      check(`sends a body: ${name}`, () =>
        Effect.gen(function* () {
          const { url } = yield* application(echo)
          const client = yield* makeClient()
          const answer = yield* ask(client, HttpClientRequest.setBody(HttpClientRequest.post(url), body()))
          expect(answer.method).toBe("POST")
          expect(Buffer.from(answer.body, "base64").equals(expected)).toBe(true)
          if (type !== undefined) expect(answer.headers["content-type"]).toBe(type)
          if (length !== undefined) expect(answer.headers["content-length"]).toBe(String(length))
        })
      )
    }

    for (const method of ["POST", "PUT", "PATCH"] as const) {
      check(`${method} without a body says that its content has no octets, as the stock clients do`, () =>
        Effect.gen(function* () {
          const { url } = yield* application(echo)
          const client = yield* makeClient()
          const request = HttpClientRequest.make(method)(url)
          expect((yield* ask(client, request)).headers["content-length"]).toBe("0")
          const raw = HttpClientRequest.setBody(request, HttpBody.raw(undefined))
          expect((yield* ask(client, raw)).headers["content-length"]).toBe("0")
        })
      )
    }

    check("GET and DELETE without a body do not", () =>
      Effect.gen(function* () {
        const { url } = yield* application(echo)
        const client = yield* makeClient()
        for (const request of [HttpClientRequest.get(url), HttpClientRequest.delete(url)]) {
          expect((yield* ask(client, request)).headers["content-length"]).toBeUndefined()
        }
      })
    )

    for (const raw of [false, true]) {
      check(`sends FormData${raw ? " as Raw" : ""}`, () =>
        Effect.gen(function* () {
          const { url } = yield* application(echo)
          const client = yield* makeClient()
          const body = raw ? HttpBody.raw(formData()) : HttpBody.formData(formData())
          const answer = yield* ask(client, HttpClientRequest.setBody(HttpClientRequest.post(url), body))
          const read = new Response(Buffer.from(answer.body, "base64"), {
            headers: { "content-type": String(answer.headers["content-type"]) }
          })
          const received = yield* Effect.promise(() => read.formData())
          expect(received.get("name")).toBe("value")
          const file = received.get("file")
          expect(file instanceof File ? [file.name, file.type, yield* Effect.promise(() => file.text())] : []).toEqual([
            "a.txt",
            "text/plain",
            "contents"
          ])
        })
      )
    }

    check("sends methods, query, headers and basic authorization", () =>
      Effect.gen(function* () {
        const { url } = yield* application(echo)
        const client = yield* makeClient()
        const { host } = new URL(url)
        for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const) {
          const request = HttpClientRequest.make(method)(`${url}/a%20b?c=d`).pipe(
            HttpClientRequest.appendUrlParams({ e: "f g", h: ["1", "2"] }),
            HttpClientRequest.setHash("fragment"),
            HttpClientRequest.setHeaders({ "X-One": "1", connection: "close", te: "trailers" }),
            HttpClientRequest.basicAuth("user", "pass")
          )
          const answer = yield* ask(client, request)
          expect(answer.method).toBe(method)
          expect(answer.url).toBe("/a%20b?c=d&e=f+g&h=1&h=2")
          expect(answer.headers["x-one"]).toBe("1")
          expect(answer.headers["authorization"]).toBe(`Basic ${Buffer.from("user:pass").toString("base64")}`)
        }
        const named = yield* ask(client, HttpClientRequest.get(`https://us%20er:p%40ss@${host}/`))
        expect(named.headers["authorization"]).toBe(`Basic ${Buffer.from("us er:p@ss").toString("base64")}`)
      })
    )

    check("asks for HEAD", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("content-length", "5")
          response.end()
        })
        const client = yield* makeClient()
        const response = yield* client.head(url)
        expect(response.headers["content-length"]).toBe("5")
        expect(yield* response.text).toBe("")
      })
    )

    check("keeps cookies by withCookiesRef", () =>
      Effect.gen(function* () {
        const { url } = yield* application((request, response) => {
          response.setHeader("set-cookie", ["a=1; Path=/; HttpOnly", "b=2"])
          response.end(request.headers.cookie ?? "none")
        })
        const jar = yield* Ref.make<ReadonlyArray<Cookies.Cookie>>([])
        const client = HttpClient.withCookiesRef(yield* makeClient(), jar)
        const first = yield* client.get(url)
        expect(yield* first.text).toBe("none")
        expect(Cookies.toRecord(first.cookies)).toEqual({ a: "1", b: "2" })
        const second = yield* client.get(url)
        expect(yield* second.text).toBe("a=1; b=2")
      })
    )

    check("follows redirects", () =>
      Effect.gen(function* () {
        const { url } = yield* application((request, response) => {
          if (request.url === "/end") return void response.end("here")
          response.writeHead(302, { location: request.url === "/start" ? "/middle" : "/end" })
          response.end()
        })
        const client = HttpClient.followRedirects(yield* makeClient())
        const response = yield* client.get(`${url}/start`)
        expect([response.status, yield* response.text]).toEqual([200, "here"])
      })
    )

    check("works below the combinators of HttpClient", () =>
      Effect.gen(function* () {
        let calls = 0
        const { url } = yield* application((request, response) => {
          calls++
          response.statusCode = calls < 3 ? 503 : 200
          response.end(request.url)
        })
        const seen: Array<string> = []
        const client = pipe(
          yield* makeClient(),
          HttpClient.mapRequest(HttpClientRequest.prependUrl(url)),
          HttpClient.mapRequestEffect((request) => Effect.succeed(HttpClientRequest.appendUrlParam(request, "a", "b"))),
          HttpClient.tapRequest((request) => Effect.sync(() => void seen.push(request.url))),
          HttpClient.filterStatusOk,
          HttpClient.retry({ times: 2 }),
          HttpClient.transformResponse(Effect.tap(() => Effect.void))
        )
        const response = yield* client.get("/x")
        expect([calls, yield* response.text]).toEqual([3, "/x?a=b"])
        expect(seen.length).toBe(3)
      })
    )
  })
}
