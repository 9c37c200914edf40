/** What is built on the `HttpServer`, over our layers: routers, HttpApi, Rpc, forms, static files, compression, metrics; HTTP/2 at both ends. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpStaticServer from "effect/http/HttpStaticServer"
import type * as Multipart from "effect/http/Multipart"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { live } from "../support/run.js"

/** The context of `routes` that are served, with a client for them. */
const built = <A, E, R>(routes: Layer.Layer<A, E, R>) =>
  Layer.build(
    HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provideMerge(NodeHttp2Server.layerTest)
    )
  )

const clientOf = (context: Context.Context<HttpClient.HttpClient>): HttpClient.HttpClient =>
  Context.get(context, HttpClient.HttpClient)

describe("over our layers", () => {
  live("HttpApi", () =>
    Effect.gen(function* () {
      const Api = HttpApi.make("api").add(
        HttpApiGroup.make("users").add(
          HttpApiEndpoint.post("create", "/users/:id", {
            params: { id: Schema.FiniteFromString },
            payload: Schema.Struct({ name: Schema.String }),
            success: Schema.Struct({ id: Schema.Finite, name: Schema.String })
          })
        )
      )
      const users = HttpApiBuilder.group(Api, "users", (handlers) =>
        handlers.handle("create", ({ params, payload }) => Effect.succeed({ id: params.id, name: payload.name }))
      )
      const context = yield* built(Layer.provide(HttpApiBuilder.layer(Api), users))
      const client = yield* Effect.provideContext(HttpApiClient.make(Api), context)
      expect(yield* client.users.create({ params: { id: 7 }, payload: { name: "seven" } })).toEqual({
        id: 7,
        name: "seven"
      })
    })
  )

  live("Rpc, one value and a Stream of them", () =>
    Effect.gen(function* () {
      const group = RpcGroup.make(
        Rpc.make("double", { payload: { value: Schema.Finite }, success: Schema.Finite }),
        Rpc.make("count", { payload: { to: Schema.Finite }, success: Schema.Finite, stream: true })
      )
      const handlers = group.toLayer({
        double: ({ value }) => Effect.succeed(value * 2),
        count: ({ to }) => Stream.range(1, to)
      })
      const routes = RpcServer.layerHttp({ group, path: "/rpc", protocol: "http" }).pipe(
        Layer.provide(handlers),
        Layer.provide(RpcSerialization.layerNdjson)
      )
      const context = yield* built(routes)
      const url = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
      const protocol = RpcClient.layerProtocolHttp({ url: `${url}/rpc` }).pipe(
        Layer.provide(RpcSerialization.layerNdjson),
        Layer.provide(NodeHttp2Client.layer({ priorKnowledge: true }))
      )
      const client = yield* Effect.provideContext(RpcClient.make(group), yield* Layer.build(protocol))
      expect(yield* client.double({ value: 21 })).toBe(42)
      expect(yield* Stream.runCollect(client.count({ to: 5 }))).toEqual([1, 2, 3, 4, 5])
    })
  )

  live("multipart forms, persisted", () =>
    Effect.gen(function* () {
      const routes = HttpRouter.add(
        "POST",
        "/form",
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const form = yield* request.multipart
          const files = form["file"]
          const file: string | Multipart.PersistedFile | undefined = Array.isArray(files)
            ? (files as ReadonlyArray<string | Multipart.PersistedFile>)[0]
            : undefined
          if (file === undefined || typeof file === "string") return HttpServerResponse.empty({ status: 422 })
          const fileSystem = yield* FileSystem.FileSystem
          const content = yield* fileSystem.readFileString(file.path)
          return HttpServerResponse.jsonUnsafe([form["field"], file.name, content.length])
        })
      )
      const context = yield* built(routes)
      const form = new FormData()
      form.append("field", "value")
      form.append("file", new Blob(["x".repeat(200_000)]), "a.txt")
      const request = HttpClientRequest.setBody(HttpClientRequest.post("/form"), HttpBody.formData(form))
      const response = yield* clientOf(context).execute(request)
      expect([response.status, yield* response.json]).toEqual([200, ["value", "a.txt", 200_000]])
    })
  )

  live("static files, whole and in part", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(NodeHttpServer.layerHttpServices)
      const fileSystem = Context.get(services, FileSystem.FileSystem)
      const root = yield* fileSystem.makeTempDirectoryScoped()
      yield* fileSystem.writeFileString(`${root}/a.txt`, "0123456789".repeat(10_000))
      const context = yield* built(HttpStaticServer.layer({ root, prefix: "/static" }))
      const client = clientOf(context)
      const whole = yield* client.get("/static/a.txt")
      expect([whole.status, whole.headers["content-type"], (yield* whole.text).length]).toEqual([
        200,
        "text/plain; charset=utf-8",
        100_000
      ])
      const part = yield* client.get("/static/a.txt", { headers: { range: "bytes=5-9" } })
      expect([part.status, yield* part.text]).toEqual([206, "56789"])
      expect((yield* client.get("/static/b.txt")).status).toBe(404)
      const same = yield* client.get("/static/a.txt", {
        headers: { "if-none-match": whole.headers["etag"] ?? "" }
      })
      expect(same.status).toBe(304)
    })
  )

  live("compression, of octets and of Streams", () =>
    Effect.gen(function* () {
      const text = "compress me ".repeat(1000)
      const encoder = new TextEncoder()
      const routes = Layer.mergeAll(
        HttpRouter.add("GET", "/text", HttpServerResponse.text(text)),
        HttpRouter.add(
          "GET",
          "/stream",
          HttpServerResponse.stream(Stream.make(encoder.encode(text), encoder.encode(text)), {
            contentType: "text/plain"
          })
        )
      ).pipe(Layer.provide(HttpRouter.middleware(HttpMiddleware.compression(), { global: true })))
      const client = clientOf(yield* built(routes))
      for (const [path, expected] of [
        ["/text", text],
        ["/stream", text + text]
      ] as const) {
        for (const coding of ["gzip", "deflate", "br"]) {
          const response = yield* client.get(path, { headers: { "accept-encoding": coding } })
          expect(response.headers["content-encoding"]).toBe(coding)
          // As that of `NodeHttpServer.layerTest`, the client decodes.
          expect(yield* response.text).toBe(expected)
        }
      }
    })
  )

  live("Prometheus metrics", () =>
    Effect.gen(function* () {
      const counter = Metric.counter("effect4_platform_node_test", { description: "what the test has counted" })
      yield* Metric.update(counter, 3)
      const client = clientOf(yield* built(PrometheusMetrics.layerHttp()))
      const response = yield* client.get("/metrics")
      expect(response.headers["content-type"]).toContain("text/plain; version=0.0.4")
      expect(yield* response.text).toContain("effect4_platform_node_test 3")
    })
  )
})

describe("beside NodeHttpServer", () => {
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const body = request.method === "POST" ? yield* request.text : ""
    return HttpServerResponse.jsonUnsafe({
      url: request.url,
      method: request.method,
      cookies: request.cookies,
      field: request.headers["x-field"],
      host: request.headers["host"] !== undefined,
      peer: request.peerAddress,
      body
    }).pipe(HttpServerResponse.setHeader("x-answer", "yes"))
  })

  /** What each of the requests is answered. */
  const answers = Effect.fnUntraced(function* (
    layer: Layer.Layer<HttpServer.HttpServer | HttpClient.HttpClient, unknown>
  ) {
    const context = yield* Layer.build(
      HttpRouter.serve(HttpRouter.add("*", "/*", app), { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(layer)
      )
    )
    const client = clientOf(context)
    const requests = [
      HttpClientRequest.get("/a/b?c=d&e"),
      HttpClientRequest.get("/", { headers: { "x-field": "1", cookie: "a=b; c=d" } }),
      HttpClientRequest.bodyText(HttpClientRequest.post("/"), "the body"),
      HttpClientRequest.delete("/%20/x"),
      HttpClientRequest.make("PATCH")("/")
    ]
    return yield* Effect.forEach(requests, (request) =>
      Effect.gen(function* () {
        const response = yield* client.execute(request)
        return [response.status, yield* response.json, response.headers["x-answer"], response.headers["content-type"]]
      })
    )
  })

  live("an application finds the same requests, and its responses are the same", () =>
    Effect.gen(function* () {
      const ours = yield* answers(NodeHttp2Server.layerTest)
      const stock = yield* answers(NodeHttpServer.layerTest)
      expect(ours).toEqual(stock)
      expect(ours.map(([status]) => status)).toEqual([200, 200, 200, 200, 200])
    })
  )
})
