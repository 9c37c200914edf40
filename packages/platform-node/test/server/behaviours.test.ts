/**
 * One table of what applications do, and what their clients see of it: the same over HTTP/2, over HTTP/1.1, over HTTP/1.1 with TLS, and with the server
 * of `@effect/platform-node` wherever that is right.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { certificate } from "../utils.js"
import { port, protocols } from "./support/harness.js"

/** The client of the server at hand, by TLS and HTTP/1.1. */
const tlsClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const url = `https://localhost:${yield* port}`
    return HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
  })
).pipe(
  Layer.provide(NodeHttpClient.layerWithoutAgent),
  Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: false, ca: certificate.cert }))
)

const layers = [
  ...protocols,
  {
    protocol: "HTTP/1.1 over TLS",
    layer: Layer.provideMerge(tlsClient, NodeHttp2Server.layer({ host: "127.0.0.1", tls: certificate }))
  }
] as const

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const one = Stream.make(bytes("one"))
const before = Stream.concat(one, Stream.fromEffect(Effect.as(Effect.yieldNow(), bytes("two"))))

interface Seen {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

type Outcome = "broken" | Partial<Seen>

interface Behaviour {
  readonly title: string
  readonly app: HttpApp.Default<unknown>
  readonly outcome: Outcome
  /** Whether the stock server does it right. */
  readonly stock: boolean
}

const stream = (body: Stream.Stream<Uint8Array, unknown>) => Effect.succeed(HttpServerResponse.stream(body))
const raw = (body: unknown, options?: HttpServerResponse.Options) =>
  Effect.succeed(HttpServerResponse.raw(body, options))

const form = new FormData()
form.append("name", "value")

const sent = { status: 200, text: "text" }

const behaviours: ReadonlyArray<Behaviour> = [
  { title: "a Stream", app: stream(before), outcome: { status: 200, text: "onetwo" }, stock: true },
  { title: "a Stream that fails at once", app: stream(Stream.fail("reason")), outcome: "broken", stock: false },
  {
    title: "a Stream that fails midway",
    app: stream(Stream.concat(before, Stream.fail("reason"))),
    outcome: "broken",
    stock: false
  },
  {
    title: "a Stream that dies midway",
    app: stream(Stream.concat(before, Stream.die("reason"))),
    outcome: "broken",
    stock: false
  },
  {
    title: "a Stream that interrupts itself",
    app: stream(Stream.concat(before, Stream.fromEffect(Effect.interrupt))),
    outcome: "broken",
    stock: false
  },
  {
    title: "a Stream that is shorter than the content-length",
    app: Effect.succeed(HttpServerResponse.stream(one, { contentLength: 5 })),
    outcome: "broken",
    stock: true
  },
  {
    title: "a Stream that is longer than the content-length",
    app: Effect.succeed(HttpServerResponse.stream(before, { contentLength: 5 })),
    outcome: "broken",
    stock: false
  },
  { title: "raw: a text", app: raw("text"), outcome: sent, stock: true },
  { title: "raw: octets", app: raw(bytes("text")), outcome: sent, stock: true },
  { title: "raw: nothing", app: raw(undefined), outcome: { status: 200, text: "" }, stock: true },
  {
    title: "raw: a Response",
    app: Effect.sync(() => HttpServerResponse.raw(new Response("text", { headers: { "content-type": "text/x" } }))),
    outcome: { ...sent, type: "text/x" },
    stock: false
  },
  {
    title: "raw: a Blob",
    app: raw(new Blob(["text"], { type: "text/x" })),
    outcome: { ...sent, type: "text/x" },
    stock: false
  },
  {
    title: "raw: a ReadableStream",
    app: Effect.sync(() => HttpServerResponse.raw(new Response("text").body)),
    outcome: sent,
    stock: false
  },
  {
    title: "raw: a ReadableStream that fails",
    app: Effect.sync(() =>
      HttpServerResponse.raw(new ReadableStream({ pull: (controller) => controller.error(new Error("reason")) }))
    ),
    outcome: "broken",
    stock: false
  },
  { title: "raw: URLSearchParams", app: raw(new URLSearchParams({ a: "b" })), outcome: { text: "a=b" }, stock: false },
  {
    title: "raw: a Readable",
    app: Effect.sync(() => HttpServerResponse.raw(Readable.from([Buffer.from("te"), Buffer.from("xt")]))),
    outcome: sent,
    stock: true
  },
  {
    title: "raw: a Readable that fails",
    app: Effect.sync(() =>
      HttpServerResponse.raw(
        new Readable({
          read() {
            this.destroy(new Error("reason"))
          }
        })
      )
    ),
    outcome: "broken",
    stock: true
  },
  {
    title: "raw: a Readable that is destroyed before its end",
    app: Effect.sync(() =>
      HttpServerResponse.raw(
        new Readable({
          read() {
            this.destroy()
          }
        })
      )
    ),
    outcome: "broken",
    stock: false
  },
  { title: "raw: what cannot be sent", app: raw({ an: "object" }), outcome: { status: 500, text: "" }, stock: false },
  { title: "a form", app: Effect.succeed(HttpServerResponse.formData(form)), outcome: { status: 200 }, stock: true },
  {
    title: "a field that cannot be",
    app: Effect.succeed(HttpServerResponse.text("text", { headers: { "x-a": "a\nb" } })),
    outcome: { status: 500, text: "" },
    stock: true
  },
  { title: "a failure", app: Effect.fail("reason"), outcome: { status: 500, text: "" }, stock: true },
  { title: "a defect", app: Effect.die("reason"), outcome: { status: 500, text: "" }, stock: true },
  { title: "an interruption of itself", app: Effect.interrupt, outcome: { status: 503, text: "" }, stock: true },
  {
    title: "a handler before the response that changes it",
    app: Effect.as(
      HttpApp.appendPreResponseHandler((_, response) => Effect.succeed(HttpServerResponse.setStatus(response, 202))),
      HttpServerResponse.text("text")
    ),
    outcome: { status: 202, text: "text" },
    stock: true
  },
  {
    title: "a handler before the response that fails",
    app: Effect.as(
      HttpApp.appendPreResponseHandler((request, response) =>
        Effect.fail(new HttpServerError.ResponseError({ request, response, reason: "Decode" }))
      ),
      HttpServerResponse.text("text")
    ),
    outcome: { status: 500, text: "" },
    stock: false
  },
  {
    title: "a handler before the response that dies",
    app: Effect.as(
      HttpApp.appendPreResponseHandler(() => Effect.die("reason")),
      HttpServerResponse.text("text")
    ),
    outcome: { status: 500, text: "" },
    stock: false
  },
  { title: "204 with a body", app: raw("text", { status: 204 }), outcome: { status: 204, text: "" }, stock: true },
  { title: "304 with a body", app: raw("text", { status: 304 }), outcome: { status: 304, text: "" }, stock: true }
]

const ask = Effect.gen(function* () {
  const response = yield* HttpClient.get("/")
  const seen: Seen = { status: response.status, type: response.headers["content-type"], text: yield* response.text }
  return seen
}).pipe(Effect.catchAll(() => Effect.succeed("broken" as const)))

const expectOutcome = (seen: Seen | "broken", outcome: Outcome): void => {
  if (outcome === "broken") expect(seen).toBe(outcome)
  else expect(seen).toMatchObject(outcome)
}

for (const { layer, protocol } of layers) {
  describe(`an application over ${protocol} gives`, () => {
    for (const { app, outcome, title } of behaviours) {
      it.scopedLive(title, () =>
        Effect.gen(function* () {
          yield* HttpServer.serveEffect(app)
          expectOutcome(yield* ask, outcome)
        }).pipe(Effect.provide(layer))
      )
    }

    it.scopedLive("the head of a Stream before its first octets", () =>
      Effect.gen(function* () {
        const first = yield* Deferred.make<Uint8Array>()
        yield* HttpServer.serveEffect(stream(Stream.fromEffect(Deferred.await(first))))
        const response = yield* HttpClient.get("/")
        yield* Deferred.succeed(first, bytes("text"))
        expect(yield* response.text).toBe("text")
      }).pipe(Effect.provide(layer))
    )

    for (const [title, method, status] of [
      ["HEAD", "HEAD", 200],
      ["304", "GET", 304],
      ["204", "GET", 204]
    ] as const) {
      it.scopedLive(`a Readable that nobody reads, which is destroyed: ${title}`, () =>
        Effect.gen(function* () {
          const closed = yield* Deferred.make<void>()
          yield* HttpServer.serveEffect(
            Effect.sync(() => {
              const body = new Readable({
                read() {},
                destroy(error, callback) {
                  Effect.runFork(Deferred.succeed(closed, undefined))
                  callback(error)
                }
              })
              return HttpServerResponse.raw(body, { status, contentLength: 5 })
            })
          )
          const response = yield* HttpClient.execute(HttpClientRequest.make(method)("/"))
          expect(response.status).toBe(status)
          yield* Deferred.await(closed)
        }).pipe(Effect.provide(layer))
      )
    }

    it.scopedLive("a response that a client does not wait for: its Readable is destroyed", () =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const body = new Readable({
          read() {},
          destroy(error, callback) {
            Effect.runFork(Deferred.succeed(closed, undefined))
            callback(error)
          }
        })
        yield* HttpServer.serveEffect(
          Effect.as(Deferred.succeed(began, undefined), HttpServerResponse.raw(body)).pipe(Effect.uninterruptible)
        )
        yield* Effect.raceFirst(
          Effect.flatMap(HttpClient.get("/"), (response) => response.text),
          Deferred.await(began)
        )
        yield* Deferred.await(closed)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("the body of a request that a handler reads twice", () =>
      Effect.gen(function* () {
        yield* HttpServer.serveEffect(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            return HttpServerResponse.text(`${yield* request.text}${yield* request.modify({ url: "/b" }).text}`)
          })
        )
        const response = yield* HttpClient.execute(HttpClientRequest.bodyText(HttpClientRequest.post("/"), "text"))
        expect(yield* response.text).toBe("texttext")
      }).pipe(Effect.provide(layer))
    )
  })
}

describe("an application with NodeHttpServer gives", () => {
  for (const { app, outcome, title } of behaviours.filter(({ stock }) => stock)) {
    it.scopedLive(title, () =>
      Effect.gen(function* () {
        yield* HttpServer.serveEffect(app)
        expectOutcome(yield* ask, outcome)
      }).pipe(Effect.provide(NodeHttpServer.layerTest))
    )
  }
})
