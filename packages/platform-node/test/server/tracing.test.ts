/**
 * Spans of requests: the attributes of `HttpMiddleware.tracer` and those of HTTP/2, for a tracer that listens and for Effect's own; the
 * access log.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { protocols } from "./support/harness.js"

const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** A tracer that listens to the spans of servers. */
const listening = (spans: Array<Tracer.Span>) =>
  Tracer.make({
    ...native,
    span: (...args) => {
      const span = native.span(...args)
      if (span.kind === "server") spans.push(span)
      return span
    }
  })

const headers = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  authorization: "Bearer secret",
  "user-agent": "test"
}
const route = HttpRouter.get("/items/:id", HttpServerResponse.text("item", { headers: { "x-answer": "1" } }))

const expected = {
  "http.request.method": "GET",
  "http.route": "/items/:id",
  "http.response.status_code": 200,
  "http.response.header.x-answer": "1",
  "http.request.header.authorization": "<redacted>",
  "url.path": "/items/1",
  "url.query": "q=2",
  "url.scheme": "http",
  "user_agent.original": "test"
}
const expectedHttp2 = { "network.protocol.version": "2", "http2.stream.id": 1 }

const attributesOf = (span: Tracer.Span) => Object.fromEntries(span.attributes)
const untilEnded = (span: Tracer.Span) =>
  Effect.repeat(Effect.yieldNow(), { until: () => span.status._tag === "Ended" })
const withoutPropagation = Effect.map(HttpClient.HttpClient, HttpClient.withTracerPropagation(false))

describe("spans", () => {
  it.scopedLive("tell a tracer that listens what they tell it over HTTP/1.1, and more", () =>
    Effect.gen(function* () {
      const names: Array<ReadonlyArray<string>> = []
      for (const layer of [NodeHttp2Server.layerTest, NodeHttpServer.layerTest]) {
        const spans: Array<Tracer.Span> = []
        yield* Effect.gen(function* () {
          yield* HttpRouter.empty.pipe(route, HttpServer.serveEffect(), Effect.withTracer(listening(spans)))
          const client = yield* withoutPropagation
          yield* client.get("/items/1?q=2", { headers })
        }).pipe(Effect.provide(layer), Effect.scoped)
        const [span] = spans
        if (span === undefined) throw new Error("no span")
        const attributes = attributesOf(span)
        expect(span.name).toBe("http.server GET")
        expect(Option.map(span.parent, ({ spanId }) => spanId)).toEqual(Option.some("b7ad6b7169203331"))
        expect(attributes).toMatchObject(expected)
        if (names.length === 0) expect(attributes).toMatchObject(expectedHttp2)
        // What either server adds by itself.
        names.push(
          Object.keys(attributes)
            .filter((name) => !/http2|network|header\.(connection|host|content-length)/.test(name))
            .sort()
        )
      }
      expect(names[0]).toEqual(names[1])
    })
  )

  it.scopedLive("are there for a handler that looks, and are made then", () =>
    Effect.gen(function* () {
      const seen = yield* Deferred.make<Tracer.Span>()
      const look = Effect.flatMap(Effect.currentSpan, (span) => Deferred.succeed(seen, span))
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/items/:id",
          Effect.zipRight(look, HttpServerResponse.text("", { headers: { "x-answer": "1" } }))
        ),
        HttpServer.serveEffect()
      )
      const client = yield* withoutPropagation
      yield* client.get("/items/1?q=2", { headers })
      const span = yield* Deferred.await(seen)
      yield* untilEnded(span)
      expect(span.traceId).toBe("0af7651916cd43dd8448eb211c80319c")
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(span.status).toMatchObject({ _tag: "Ended", exit: { _tag: "Success" } })
      expect(attributesOf(span)).toMatchObject({ ...expected, ...expectedHttp2 })
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("are the parents of what a handler traces", () =>
    Effect.gen(function* () {
      const parents: Array<string | undefined> = []
      const inner = Effect.map(Effect.currentSpan, (span) => {
        parents.push(Option.getOrUndefined(Option.map(span.parent, (parent) => parent.spanId)))
        return HttpServerResponse.empty()
      })
      const outer = Effect.tap(Effect.currentSpan, (span) => parents.push(span.spanId))
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", Effect.zipRight(outer, Effect.withSpan(inner, "inner"))),
        HttpServer.serveEffect()
      )
      yield* HttpClient.get("/")
      expect(parents[0]).toMatch(/^[0-9a-f]{16}$/)
      expect(parents[1]).toBe(parents[0])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("are not made where the user says so, and are named as he says", () =>
    Effect.gen(function* () {
      const spans: Array<Option.Option<string>> = []
      const app = HttpRouter.empty.pipe(
        HttpRouter.get(
          "/*",
          Effect.map(Effect.option(Effect.currentSpan), (span) => {
            spans.push(Option.map(span, ({ name }) => name))
            return HttpServerResponse.empty()
          })
        )
      )
      yield* Layer.build(
        HttpServer.serve(app).pipe(
          HttpMiddleware.withTracerDisabledForUrls(["/health"]),
          HttpMiddleware.withSpanNameGenerator((request) => `mine ${request.url}`)
        )
      )
      yield* HttpClient.get("/health")
      yield* HttpClient.get("/else")
      expect(spans).toEqual([Option.none(), Option.some("mine /else")])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})

describe.each(protocols)("the access log over $protocol", ({ layer }) => {
  it.scopedLive("says what was asked and answered", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.make(({ annotations, message }) => {
        lines.push([message, Object.fromEntries(HashMap.toEntries(annotations))])
      })
      yield* HttpRouter.empty.pipe(
        route,
        HttpRouter.get("/fail", Effect.fail("no")),
        HttpServer.serveEffect(HttpMiddleware.logger),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      yield* HttpClient.get("/items/1")
      yield* HttpClient.get("/fail")
      yield* Effect.repeat(Effect.yieldNow(), { until: () => lines.length >= 2 })
      expect(lines[0]).toEqual([
        ["Sent HTTP response"],
        { "http.method": "GET", "http.url": "/items/1", "http.status": 200 }
      ])
      expect(lines[1]).toMatchObject([
        expect.anything(),
        { "http.method": "GET", "http.url": "/fail", "http.status": 500 }
      ])
    }).pipe(Effect.provide(layer))
  )
})
