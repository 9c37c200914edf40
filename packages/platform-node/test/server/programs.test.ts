/**
 * Programs as applications have them, each run with the stock server and with ours, over either protocol, with and without TLS. Under the clock of tests:
 * handlers have it, and nothing of a server or of a client waits for it.
 */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cookies from "@effect/platform/Cookies"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMultiplex from "@effect/platform/HttpMultiplex"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import * as Buffer from "node:buffer"
import * as Http from "node:http"
import { fileURLToPath } from "node:url"
import { certificate } from "../utils.js"
import { port, text } from "./support/harness.js"
import { servers } from "./support/sideBySide.js"

const secureServer = NodeHttp2Server.layer({ host: "127.0.0.1", tls: certificate })

/** The server at hand, by TLS. */
const secure = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const url = `https://localhost:${yield* port}`
      return HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
    })
  ).pipe(Layer.provide(client), Layer.provideMerge(secureServer))

const layers = [
  ...servers,
  {
    server: "NodeHttpServer and NodeHttp2Client",
    layer: HttpServer.layerTestClient.pipe(
      Layer.provide(NodeHttp2Client.layer()),
      Layer.provideMerge(NodeHttpServer.layer(Http.createServer, { port: 0 }))
    )
  },
  {
    server: "NodeHttp2Server over HTTP/2 and TLS",
    layer: secure(NodeHttp2Client.layer({ tls: { ca: certificate.cert } }))
  },
  {
    server: "NodeHttp2Server over HTTP/1.1 and TLS",
    layer: secure(
      NodeHttpClient.layerWithoutAgent.pipe(
        Layer.provide(
          NodeHttpClient.makeAgentLayer({ keepAlive: false, ca: certificate.cert, servername: "localhost" })
        )
      )
    )
  }
] as const

const fixture = fileURLToPath(new URL("./fixtures/text.txt", import.meta.url))
const named = (name: string) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(`/${name}`, HttpServerResponse.text(name)),
    HttpRouter.mountApp(`/under-${name}`, HttpServerResponse.text(`under ${name}`))
  )

class Problem extends Schema.TaggedError<Problem>()("Problem", { what: Schema.String }) {
  [HttpServerRespondable.symbol]() {
    return HttpServerResponse.schemaJson(Problem)(this, { status: 599 })
  }
}

class Person extends Schema.Class<Person>("Person")({ name: Schema.String }) {
  [HttpServerRespondable.symbol]() {
    return HttpServerResponse.schemaJson(Person)(this)
  }
}

describe.each(layers)("with $server", ({ layer }) => {
  it.scoped("a file, whose HttpPlatform somebody has changed", () =>
    Effect.gen(function* () {
      const response = yield* Effect.updateService(
        HttpServerResponse.file(fixture),
        HttpPlatform.HttpPlatform,
        (platform) => ({
          ...platform,
          fileResponse: (path, options) =>
            Effect.map(platform.fileResponse(path, options), HttpServerResponse.setHeader("etag", '"mine"'))
        })
      )
      yield* HttpServer.serveEffect(Effect.succeed(response))
      const { headers, status, text } = yield* HttpClient.get("/")
      expect([status, headers["content-type"], headers["etag"]]).toEqual([200, "text/plain", '"mine"'])
      expect(String((yield* text).length)).toBe(headers["content-length"])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a file of the web, whose HttpPlatform somebody has changed", () =>
    Effect.gen(function* () {
      const lastModified = Date.UTC(2024, 1, 2, 3, 4, 5)
      const file = new Buffer.File(["text"], "a.txt", { type: "text/plain", lastModified })
      yield* HttpServerResponse.fileWeb(file).pipe(
        Effect.updateService(HttpPlatform.HttpPlatform, (platform) => ({
          ...platform,
          fileWebResponse: (file, options) =>
            Effect.map(platform.fileWebResponse(file, options), HttpServerResponse.setHeader("etag", 'W/"mine"'))
        })),
        HttpServer.serveEffect()
      )
      const response = yield* HttpClient.get("/")
      expect(response.headers).toMatchObject({
        "content-type": "text/plain",
        "content-length": "4",
        "last-modified": new Date(lastModified).toUTCString(),
        etag: 'W/"mine"'
      })
      expect(yield* response.text).toBe("text")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("what a schema says of a body that is not there", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          HttpServerRequest.schemaBodyUrlParams(Schema.Struct({ id: Schema.NumberFromString })).pipe(
            Effect.map(HttpServerResponse.unsafeJson)
          )
        ),
        HttpRouter.catchTag("ParseError", (error) => HttpServerResponse.unsafeJson({ error }, { status: 400 })),
        HttpServer.serveEffect()
      )
      expect((yield* HttpClient.get("/")).status).toBe(400)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("spans of a tracer of the client's own, one request after the other", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.map(Effect.currentSpan, ({ parent, traceId }) =>
            HttpServerResponse.unsafeJson([traceId, Option.getOrUndefined(Option.map(parent, (span) => span.spanId))])
          )
        ),
        HttpServer.serveEffect()
      )
      const span = yield* Effect.makeSpan("of the request")
      const asked: Array<unknown> = []
      const tracer = Tracer.make({
        span: (name, parent, _context, _links, _startTime, kind) => {
          const above = Option.getOrUndefined(parent)
          asked.push([name, kind, above?._tag === "Span" ? above.name : undefined])
          return span
        },
        context: (execute) => execute()
      })
      const seen = yield* HttpClient.get("/").pipe(
        Effect.flatMap(({ json }) => json),
        Effect.withTracer(tracer),
        Effect.withSpan("above"),
        Effect.repeatN(2)
      )
      expect(seen).toEqual([span.traceId, span.spanId])
      expect(asked).toEqual([1, 2, 3].map(() => ["http.client GET", "client", "above"]))
    }).pipe(Effect.provide(layer))
  )

  it.scoped("applications by host, as the request says it", () =>
    Effect.gen(function* () {
      yield* HttpMultiplex.empty.pipe(
        HttpMultiplex.hostExact("a.example.com", HttpServerResponse.text("exact")),
        HttpMultiplex.hostStartsWith("b.", HttpServerResponse.text("start")),
        HttpMultiplex.hostEndsWith(".example.org", HttpServerResponse.text("end")),
        HttpMultiplex.hostRegex(/^c\d\.example/, HttpServerResponse.text("expression")),
        HttpServer.serveEffect()
      )
      const at = (host: string) => Effect.flatMap(HttpClient.get("/", { headers: { host } }), ({ text }) => text)
      expect(yield* at("a.example.com")).toBe("exact")
      expect(yield* at("b.example.com")).toBe("start")
      expect(yield* at("b.net")).toBe("start")
      expect(yield* at("d.example.org")).toBe("end")
      expect(yield* at("c7.example.com")).toBe("expression")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("HTML: a text, a template with Effects, and one with Streams", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/text", HttpServerResponse.html("<p/>")),
        HttpRouter.get("/effect", HttpServerResponse.html`<p>${Effect.succeed("words")}</p>`),
        HttpRouter.get("/stream", HttpServerResponse.htmlStream`<p>${Stream.make("one", 2, "three")}</p>`),
        HttpServer.serveEffect()
      )
      expect(yield* text("/text")).toBe("<p/>")
      expect(yield* text("/effect")).toBe("<p>words</p>")
      expect(yield* text("/stream")).toBe("<p>one2three</p>")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("cookies with all that can be said of them", () =>
    Effect.gen(function* () {
      const options: Cookies.Cookie["options"] = {
        domain: "example.com",
        expires: new Date(Date.UTC(2030, 0, 2)),
        httpOnly: true,
        maxAge: Duration.minutes(5),
        partitioned: true,
        path: "/",
        sameSite: "lax",
        secure: true
      }
      yield* HttpServerResponse.empty().pipe(
        HttpServerResponse.unsafeSetCookie("plain", "value"),
        HttpServerResponse.unsafeSetCookie("full", "value; of = signs", options),
        Effect.succeed,
        HttpServer.serveEffect()
      )
      const { cookies } = yield* HttpClient.get("/")
      const expected = Cookies.fromReadonlyRecord({
        plain: Cookies.unsafeMakeCookie("plain", "value"),
        full: Cookies.unsafeMakeCookie("full", "value; of = signs", options)
      })
      expect(cookies.toJSON()).toEqual(expected.toJSON())
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a route that is uninterruptible", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.withFiberRuntime<HttpServerResponse.HttpServerResponse>((fiber) => {
            fiber.unsafeInterruptAsFork(fiber.id())
            return Effect.zipRight(Effect.yieldNow(), HttpServerResponse.empty())
          }),
          { uninterruptible: true }
        ),
        HttpServer.serveEffect()
      )
      expect((yield* HttpClient.get("/")).status).toBe(204)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("values and failures that say how they are answered, with a status that has no name", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/failure", new Problem({ what: "all" })),
        HttpRouter.get("/value", Effect.succeed(new Person({ name: "Ada" }))),
        HttpServer.serveEffect()
      )
      expect((yield* HttpClient.get("/nowhere")).status).toBe(404)
      const failure = yield* HttpClient.get("/failure")
      expect(failure.status).toBe(599)
      expect(yield* HttpClientResponse.schemaBodyJson(Problem)(failure)).toEqual(new Problem({ what: "all" }))
      const value = yield* Effect.flatMap(HttpClient.get("/value"), HttpClientResponse.schemaBodyJson(Person))
      expect(value).toEqual(new Person({ name: "Ada" }))
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a middleware that fails in the place of the application", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", HttpServerResponse.empty()),
        HttpServer.serveEffect(() => Effect.fail("no"))
      )
      expect((yield* HttpClient.get("/")).status).toBe(500)
    }).pipe(Effect.provide(layer))
  )

  it.scoped.each([
    ["concat", HttpRouter.concat(named("a"), named("b"))],
    ["concatAll", HttpRouter.concatAll(named("a"), named("b"))]
  ] as const)("routers that are one: %s", ([, router]) =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(router)
      const paths = ["/a", "/under-a", "/b", "/under-b"]
      expect(yield* Effect.forEach(paths, text, { concurrency: "unbounded" })).toEqual(["a", "under a", "b", "under b"])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a router's options", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/:id", HttpServerResponse.empty()), HttpServer.serveEffect())
      expect((yield* HttpClient.get("/123456")).status).toBe(404)
      expect((yield* HttpClient.get("/12345")).status).toBe(204)
    }).pipe(Effect.provide(layer), HttpRouter.withRouterConfig({ maxParamLength: 5 }))
  )

  it.scoped("a HttpLayerRouter with a prefix", () =>
    Effect.gen(function* () {
      const routes = HttpLayerRouter.use((router) => {
        const prefixed = router.prefixed("/people")
        return Effect.zipRight(
          prefixed.add(
            "GET",
            "/:id",
            Effect.map(HttpLayerRouter.schemaParams(Schema.Struct({ id: Schema.NumberFromString })), ({ id }) =>
              HttpServerResponse.unsafeJson(id)
            )
          ),
          prefixed.addAll([HttpLayerRouter.route("GET", "/", Effect.succeed(HttpServerResponse.text("all")))])
        )
      })
      yield* HttpServer.serveEffect(yield* HttpLayerRouter.toHttpEffect(routes))
      expect(yield* text("/people/7")).toBe("7")
      expect(yield* text("/people")).toBe("all")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a request as that of the web, with its body", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/path",
          Effect.gen(function* () {
            const web = yield* HttpServerRequest.toWeb(yield* HttpServerRequest.HttpServerRequest)
            const body: unknown = yield* Effect.promise(() => web.json())
            const { pathname, search } = new URL(web.url)
            return HttpServerResponse.unsafeJson([web.method, pathname + search, web.headers.get("content-type"), body])
          })
        ),
        HttpServer.serveEffect()
      )
      const response = yield* HttpClient.post("/path?a=b", { body: HttpBody.unsafeJson({ word: "wörd" }) })
      expect(yield* response.json).toEqual(["POST", "/path?a=b", "application/json", { word: "wörd" }])
    }).pipe(Effect.provide(layer))
  )

  it.scoped("the clock of who serves", () =>
    Effect.gen(function* () {
      const waits = yield* Deferred.make<void>()
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/now",
          Effect.map(Clock.currentTimeMillis, (now) => HttpServerResponse.unsafeJson(now))
        ),
        HttpRouter.get(
          "/later",
          Effect.zipRight(
            Deferred.succeed(waits, undefined),
            Effect.as(Effect.sleep("1 minute"), HttpServerResponse.text("later"))
          )
        ),
        HttpServer.serveEffect()
      )
      yield* TestClock.setTime(1234)
      expect(yield* text("/now")).toBe("1234")
      const later = yield* Effect.fork(text("/later"))
      yield* Deferred.await(waits)
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(later)).toBe("later")
    }).pipe(Effect.provide(layer))
  )

  it.scoped("HEAD, and what a schema reads of status and headers", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(HttpServerResponse.text("text", { headers: { "x-count": "3" } }))
      const Head = Schema.Struct({
        status: Schema.Literal(200),
        headers: Schema.Struct({ "x-count": Schema.NumberFromString })
      })
      const head = yield* Effect.flatMap(HttpClient.head("/"), HttpClientResponse.schemaNoBody(Head))
      expect(head).toEqual({ status: 200, headers: { "x-count": 3 } })
      const empty = yield* Effect.flatMap(
        HttpClient.head("/"),
        HttpClientResponse.schemaJson(Schema.Struct({ status: Schema.Literal(200) }))
      )
      expect(empty).toEqual({ status: 200 })
    }).pipe(Effect.provide(layer))
  )

  it.scoped("redirects that a client follows; a body as a Stream in its own scope; a response that nobody reads", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/first", HttpServerResponse.redirect("/second")),
        HttpRouter.get("/second", HttpServerResponse.text("x".repeat(100_000))),
        HttpServer.serveEffect()
      )
      const client = HttpClient.followRedirects(yield* HttpClient.HttpClient)
      expect((yield* Effect.flatMap(client.get("/first"), ({ text }) => text)).length).toBe(100_000)
      const streamed = yield* client.get("/second").pipe(
        Effect.map(({ stream }) => stream),
        Stream.unwrapScoped,
        Stream.runFold(0, (length, octets) => length + octets.length)
      )
      expect(streamed).toBe(100_000)
      expect((yield* Effect.scoped(HttpClient.get("/second"))).status).toBe(200)
      expect((yield* HttpClient.get("/second")).status).toBe(200)
    }).pipe(Effect.provide(layer))
  )
})
