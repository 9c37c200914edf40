/**
 * Routers, schemas, cookies and middlewares: what applications are made of behaves as it does over `NodeHttpServer`, whatever is spoken.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpMultiplex from "@effect/platform/HttpMultiplex"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { protocols, text } from "./support/harness.js"

const Item = Schema.Struct({ id: Schema.Number, name: Schema.String })
const itemResponse = HttpServerResponse.schemaJson(Item)
const url = Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.text(request.url))

describe.each(protocols)("an application over $protocol", ({ layer }) => {
  it.scopedLive("decodes parameters and encodes bodies by schema", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/items/:id",
          Effect.flatMap(HttpRouter.schemaParams(Schema.Struct({ id: Schema.NumberFromString })), ({ id }) =>
            itemResponse({ id, name: "one" })
          )
        ),
        HttpServer.serveEffect()
      )
      const item = yield* Effect.flatMap(HttpClient.get("/items/7"), HttpClientResponse.schemaBodyJson(Item))
      expect(item).toEqual({ id: 7, name: "one" })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("reads search parameters", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.map(
            HttpServerRequest.schemaSearchParams(Schema.Struct({ q: Schema.Array(Schema.String) })),
            HttpServerResponse.unsafeJson
          )
        ),
        HttpServer.serveEffect()
      )
      expect(yield* text("/?q=a&q=b%20c")).toBe('{"q":["a","b c"]}')
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("reads JSON and URL encoded bodies by schema, and tells when they do not fit", () =>
    Effect.gen(function* () {
      const Form = Schema.Struct({ id: Schema.NumberFromString, name: Schema.String })
      yield* HttpRouter.empty.pipe(
        HttpRouter.post("/json", Effect.flatMap(HttpServerRequest.schemaBodyJson(Item), itemResponse)),
        HttpRouter.post("/form", Effect.flatMap(HttpServerRequest.schemaBodyUrlParams(Form), itemResponse)),
        Effect.catchTag("ParseError", () => HttpServerResponse.text("no", { status: 422 })),
        HttpServer.serveEffect()
      )
      const json = yield* HttpClientRequest.post("/json").pipe(
        HttpClientRequest.bodyUnsafeJson({ id: 3, name: "three" }),
        HttpClient.execute
      )
      expect(yield* json.json).toEqual({ id: 3, name: "three" })
      const form = yield* HttpClientRequest.post("/form").pipe(
        HttpClientRequest.bodyUrlParams({ id: "4", name: "f ü r" }),
        HttpClient.execute
      )
      expect(yield* form.json).toEqual({ id: 4, name: "f ü r" })
      const misfit = yield* HttpClientRequest.post("/form").pipe(
        HttpClientRequest.bodyUrlParams({ name: "nobody" }),
        HttpClient.execute
      )
      expect(misfit.status).toBe(422)
      const broken = yield* HttpClientRequest.post("/json").pipe(
        HttpClientRequest.bodyText("{", "application/json"),
        HttpClient.execute
      )
      expect(broken.status).toBe(400)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("mounts routers and applications, with and without their prefix", () =>
    Effect.gen(function* () {
      const child = HttpRouter.empty.pipe(HttpRouter.get("/", url), HttpRouter.get("/:id", url))
      const prefixed = HttpRouter.empty.pipe(HttpRouter.get("/with/:id", url))
      yield* HttpRouter.empty.pipe(
        HttpRouter.mount("/child", child),
        HttpRouter.mountApp("/app", child),
        HttpRouter.mountApp("/with", prefixed, { includePrefix: true }),
        HttpServer.serveEffect()
      )
      expect(yield* text("/child/1")).toBe("/1")
      expect(yield* text("/child")).toBe("/")
      expect(yield* text("/app/2")).toBe("/2")
      expect(yield* text("/with/3")).toBe("/with/3")
      expect((yield* HttpClient.get("/nowhere")).status).toBe(404)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("chooses by host and by header", () =>
    Effect.gen(function* () {
      yield* HttpMultiplex.empty.pipe(
        HttpMultiplex.headerExact("x-version", "2", HttpServerResponse.text("two")),
        HttpMultiplex.hostStartsWith("127.", HttpServerResponse.text("address")),
        HttpMultiplex.hostStartsWith("localhost", HttpServerResponse.text("name")),
        HttpServer.serveEffect()
      )
      const two = yield* HttpClient.get("/", { headers: { "x-version": "2" } })
      expect(yield* two.text).toBe("two")
      expect(yield* text("/")).toBe("address")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("sets and reads cookies", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/set",
          HttpServerResponse.empty().pipe(
            HttpServerResponse.unsafeSetCookie("a", "1", { httpOnly: true, path: "/" }),
            HttpServerResponse.unsafeSetCookie("b", "2; 3")
          )
        ),
        HttpRouter.get(
          "/read",
          Effect.map(HttpServerRequest.HttpServerRequest, ({ cookies }) => HttpServerResponse.unsafeJson(cookies))
        ),
        HttpServer.serveEffect()
      )
      const set = yield* HttpClient.get("/set")
      expect(Cookies.toRecord(set.cookies)).toEqual({ a: "1", b: "2; 3" })
      expect(Cookies.toSetCookieHeaders(set.cookies)).toEqual(["a=1; Path=/; HttpOnly", "b=2%3B%203"])
      const read = yield* HttpClient.get("/read", { headers: { cookie: "x=1; y=two%20words" } })
      expect(yield* read.json).toEqual({ x: "1", y: "two words" })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("runs middlewares around the application, and pre-response handlers before it is sent", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", HttpServerResponse.text("in")),
        HttpRouter.get(
          "/host",
          Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
            HttpServerResponse.unsafeJson([request.headers["host"], request.remoteAddress])
          )
        ),
        HttpServer.serveEffect((app) =>
          app.pipe(
            HttpMiddleware.cors({ allowedOrigins: ["https://example.org"], exposedHeaders: ["x-seen"] }),
            HttpMiddleware.xForwardedHeaders,
            HttpApp.withPreResponseHandler((_request, response) =>
              Effect.succeed(HttpServerResponse.setHeader(response, "x-seen", String(response.status)))
            )
          )
        )
      )
      const response = yield* HttpClient.get("/")
      expect(yield* response.text).toBe("in")
      expect(response.headers["x-seen"]).toBe("200")
      expect(response.headers["access-control-allow-origin"]).toBe("https://example.org")
      const missing = yield* HttpClient.get("/missing")
      expect(missing.headers["x-seen"]).toBe("404")
      const options = yield* HttpClient.options("/")
      expect(options.status).toBe(204)
      expect(options.headers["access-control-allow-methods"]).toContain("PATCH")
      const headers = { "x-forwarded-host": "example.org", "x-forwarded-for": "192.0.2.7, 192.0.2.1" }
      const forwarded = yield* HttpClient.get("/host", { headers })
      expect(yield* forwarded.json).toEqual(["example.org", { _id: "Option", _tag: "Some", value: "192.0.2.7" }])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("answers by what failures and defects say of themselves", () =>
    Effect.gen(function* () {
      class Refusal extends Schema.TaggedError<Refusal>()("Refusal", { why: Schema.String }) {
        [HttpServerRespondable.symbol]() {
          return HttpServerResponse.text(this.why, { status: 403 })
        }
      }
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/fail", new Refusal({ why: "not you" })),
        HttpRouter.get("/die", Effect.die(new Refusal({ why: "nobody" }))),
        HttpRouter.get("/response", Effect.die(HttpServerResponse.text("thrown", { status: 418 }))),
        HttpRouter.get("/defect", Effect.die(new Error("boom"))),
        HttpRouter.get("/error", Effect.fail("error")),
        HttpRouter.get("/interrupt", Effect.interrupt),
        HttpServer.serveEffect()
      )
      const get = (path: string) =>
        Effect.flatMap(HttpClient.get(path), (response) =>
          Effect.map(response.text, (body) => [response.status, body] as const)
        )
      expect(yield* get("/fail")).toEqual([403, "not you"])
      expect(yield* get("/die")).toEqual([403, "nobody"])
      expect(yield* get("/response")).toEqual([418, "thrown"])
      expect(yield* get("/defect")).toEqual([500, ""])
      expect(yield* get("/error")).toEqual([500, ""])
      expect(yield* get("/interrupt")).toEqual([503, ""])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("closes the scope of a request when it is answered, unless the scope was ejected", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      const note = (name: string) =>
        Effect.addFinalizer((exit) => Effect.sync(() => closed.push(`${name} ${exit._tag}`)))
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/kept", Effect.zipRight(note("kept"), HttpServerResponse.text("ok"))),
        HttpRouter.get("/failed", Effect.zipRight(note("failed"), Effect.fail("no"))),
        HttpRouter.get(
          "/ejected",
          Effect.flatMap(Effect.scope, (scope) => {
            HttpApp.ejectDefaultScopeClose(scope)
            return Effect.zipRight(note("ejected"), HttpServerResponse.text("ok"))
          })
        ),
        HttpServer.serveEffect()
      )
      expect(yield* text("/ejected")).toBe("ok")
      expect(yield* text("/kept")).toBe("ok")
      yield* text("/failed")
      // Finalizers may run just behind the response.
      yield* text("/missing")
      expect(closed).toEqual(["kept Success", "failed Failure"])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("gives the request as it is", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      yield* HttpRouter.empty.pipe(
        HttpRouter.all(
          "/look",
          Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
            const modified = request.modify({ url: "/other" })
            seen.push(
              request.method,
              request.url,
              request.originalUrl,
              String(request),
              modified.url,
              modified.originalUrl,
              modified.headers["x-one"],
              Object.keys(request.headers).filter((name) => name.startsWith(":")),
              request.headers["host"]?.replace(/\d+$/, "0"),
              request.remoteAddress.pipe((address) => address._tag)
            )
            return HttpServerResponse.unsafeJson(request)
          })
        ),
        HttpServer.serveEffect()
      )
      const response = yield* HttpClient.get("/look?a=1", { headers: { "x-one": "1" } })
      const json = yield* response.json
      expect(seen).toEqual([
        "GET",
        "/look?a=1",
        "/look?a=1",
        "ServerRequest(GET /look?a=1)",
        "/other",
        "/look?a=1",
        "1",
        [],
        "127.0.0.1:0",
        "Some"
      ])
      expect(json).toMatchObject({
        _id: "@effect/platform/HttpServerRequest",
        method: "GET",
        url: "/look?a=1",
        headers: { "x-one": "1" }
      })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("serves a HttpLayerRouter", () =>
    Effect.gen(function* () {
      const routes = HttpLayerRouter.use((router) =>
        router.add(
          "GET",
          "/layers/:id",
          Effect.map(HttpRouter.params, (params) => HttpServerResponse.unsafeJson(params))
        )
      )
      yield* Layer.build(HttpLayerRouter.serve(routes, { disableListenLog: true, disableLogger: true }))
      expect(yield* text("/layers/9")).toBe('{"id":"9"}')
    }).pipe(Effect.provide(layer))
  )
})
