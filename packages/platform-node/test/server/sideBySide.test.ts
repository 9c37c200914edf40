/**
 * The same programs on the stock server and on ours: what worked goes on working, and is found in the same places.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Net from "node:net"
import { layerHttp1With, layerWith, text } from "./support/harness.js"
import { servers } from "./support/sideBySide.js"

const size = 11 << 20
const request = HttpServerRequest.HttpServerRequest

const largeForm = () => {
  const data = new FormData()
  data.append("file", new Blob([new Uint8Array(size)]), "a")
  return HttpBody.formData(data)
}

/** Applications that read all of a body, and give its octets. */
const readers: ReadonlyArray<
  readonly [string, Effect.Effect<number, unknown, HttpServerRequest.HttpServerRequest>, () => HttpBody.HttpBody]
> = [
  [
    "text",
    Effect.flatMap(request, (r) => Effect.map(r.text, (text) => text.length)),
    () => HttpBody.text("x".repeat(size))
  ],
  [
    "stream",
    Effect.flatMap(request, (r) => Stream.runFold(r.stream, 0, (sum, octets) => sum + octets.length)),
    () => HttpBody.uint8Array(new Uint8Array(size))
  ],
  [
    "multipartStream",
    Effect.flatMap(request, (r) =>
      Stream.runFold(
        Stream.flatMap(r.multipartStream, (part) => (Multipart.isFile(part) ? part.content : Stream.empty)),
        0,
        (sum, octets) => sum + octets.length
      )
    ),
    largeForm
  ]
]

describe.each(servers)("on $server", ({ layer }) => {
  it.scopedLive.each(readers)("a body of 11 MiB is read, where nothing is said of a limit: %s", ([, read, body]) =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(Effect.map(read, (length) => HttpServerResponse.text(String(length))))
      const response = yield* HttpClient.post("/", { body: body() })
      expect([response.status, yield* response.text]).toEqual([200, String(size)])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("headers of a request are a plain object that can be written to", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        Effect.map(request, ({ headers }) => {
          const given: unknown = Reflect.get(headers, "x-added")
          Reflect.set(headers, "x-added", "1")
          return HttpServerResponse.unsafeJson({
            added: [given ?? null, headers["x-added"]],
            cookie: headers["cookie"],
            custom: { ...headers }["x-custom"],
            json: JSON.stringify(headers).includes('"x-custom":"1"'),
            names: Object.keys(headers).includes("x-custom"),
            own: Object.prototype.hasOwnProperty.call(headers, "x-custom") && "hasOwnProperty" in headers,
            setCookie: headers["set-cookie"],
            string: "toString" in headers
          })
        })
      )
      for (let i = 0; i < 2; i++) {
        const response = yield* HttpClient.get("/", {
          headers: { "x-custom": "1", cookie: "a=1; b=2", "set-cookie": "c=3" }
        })
        expect(yield* response.json).toEqual({
          added: [null, "1"],
          cookie: "a=1; b=2",
          custom: "1",
          json: true,
          names: true,
          own: true,
          setCookie: ["c=3"],
          string: true
        })
      }
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("cookies come before the field set-cookie of the headers", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        HttpServerResponse.empty({ headers: { "set-cookie": "last=1" } }).pipe(
          HttpServerResponse.setCookie("first", "1"),
          Effect.flatMap(HttpServerResponse.setCookie("second", "2"))
        )
      )
      const { cookies } = yield* HttpClient.get("/")
      expect(Object.keys(cookies.cookies)).toEqual(["first", "second", "last"])
    }).pipe(Effect.provide(layer))
  )

  const broken = new Error("broken")
  const bodies: ReadonlyArray<readonly [string, Stream.Stream<Uint8Array, Error>]> = [
    ["a failure", Stream.fail(broken)],
    ["a defect", Stream.die(broken)]
  ]
  it.scopedLive.each(bodies)("middlewares find the error of a body in what the application ends with: %s", ([, body]) =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>>()
      const observe = HttpMiddleware.make((app) => Effect.onExit(app, (exit) => Deferred.succeed(ended, exit)))
      yield* HttpServer.serveEffect(
        HttpServerResponse.stream(Stream.concat(Stream.make(new Uint8Array(1)), body)),
        observe
      )
      yield* Effect.ignore(Effect.flatMap(HttpClient.get("/"), ({ text }) => text))
      const exit = yield* Deferred.await(ended)
      const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
      const errors = [...Cause.failures(cause), ...Cause.defects(cause)].map((error) =>
        HttpServerError.isServerError(error) ? error.cause : error
      )
      expect(errors.some((error) => error instanceof Error && error.message === "broken")).toBe(true)
      expect(HttpServerError.exitResponse(exit).status).toBe(200)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("of two applications the first serves again when the scope of the later one closes", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(HttpServerResponse.text("first"))
      const scope = yield* Scope.make()
      yield* Scope.extend(HttpServer.serveEffect(HttpServerResponse.text("later")), scope)
      yield* Scope.close(scope, Exit.void)
      expect(yield* text("/")).toBe("first")
    }).pipe(Effect.provide(layer))
  )
})

describe("listening", () => {
  const layers = [
    ["NodeHttpServer", (options: Net.ListenOptions) => NodeHttpServer.layerServer(Http.createServer, options)],
    ["NodeHttp2Server", (options: Net.ListenOptions) => NodeHttp2Server.layerServer(options)]
  ] as const

  it.scopedLive.each(layers)("says by cause.code why it cannot: %s", ([, layer]) =>
    Effect.gen(function* () {
      const context = yield* Layer.build(layer({ port: 0, host: "127.0.0.1" }))
      const { address } = yield* Effect.provide(HttpServer.HttpServer, context)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const codeOf = (options: Net.ListenOptions) =>
        Effect.map(Effect.flip(Layer.build(layer(options))), ({ cause }): unknown => Reflect.get(Object(cause), "code"))
      expect(yield* codeOf({ port, host: "127.0.0.1" })).toBe("EADDRINUSE")
      expect(yield* codeOf({ port: 0, host: "192.0.2.1" })).toBe("EADDRNOTAVAIL")
      expect(yield* codeOf({ path: "/nowhere/at/all.sock" })).toBe("EACCES")
    })
  )

  it.scopedLive.each(layers)("takes the options of listen: ipv6Only, exclusive, signal: %s", ([, layer]) =>
    Effect.gen(function* () {
      const controller = new AbortController()
      const context = yield* Layer.build(
        layer({ port: 0, host: "::", ipv6Only: true, exclusive: true, backlog: 5, signal: controller.signal })
      )
      const { address } = yield* Effect.provide(HttpServer.HttpServer, context)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const connect = (host: string) =>
        Effect.async<string>((resume) => {
          const socket = Net.connect({ host, port })
          socket.on("connect", () => {
            socket.destroy()
            resume(Effect.succeed("connected"))
          })
          socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")))
        })
      expect([yield* connect("127.0.0.1"), yield* connect("::1")]).toEqual(["ECONNREFUSED", "connected"])
      controller.abort()
      expect(yield* Effect.repeat(connect("::1"), { while: (result) => result === "connected" })).toBe("ECONNREFUSED")
    })
  )

  it.scopedLive("fails where its signal was aborted before", () =>
    Effect.gen(function* () {
      const layer = NodeHttp2Server.layerServer({ signal: AbortSignal.abort(new Error("no")) })
      expect(yield* Effect.flip(Layer.build(layer))).toMatchObject({ _tag: "ServeError", cause: { message: "no" } })
    })
  )
})

describe.each([
  ["HTTP/2", layerWith({ maxBodySize: 1000 })],
  ["HTTP/1.1", layerHttp1With({ maxBodySize: 1000 })]
] as const)("maxBodySize over %s", (_, layer) => {
  const app = Effect.flatMap(request, (r) => Effect.map(r.text, (text) => HttpServerResponse.text(String(text.length))))

  it.scopedLive("bounds bodies that are read whole", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const status = (length: number) =>
        Effect.map(HttpClient.post("/", { body: HttpBody.text("x".repeat(length)) }), ({ status }) => status)
      expect([yield* status(1000), yield* status(1001)]).toEqual([200, 400])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("bounds forms", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        Effect.as(HttpServerRequest.persistedMultipart, HttpServerResponse.empty()).pipe(
          Effect.catchTag("MultipartError", ({ reason }) => HttpServerResponse.text(reason))
        )
      )
      const data = new FormData()
      data.append("field", "x".repeat(1000))
      const response = yield* HttpClient.post("/", { body: HttpBody.formData(data) })
      expect(yield* response.text).toBe("BodyTooLarge")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("gives way to what the application says", () =>
    Effect.gen(function* () {
      yield* HttpIncomingMessage.withMaxBodySize(HttpServer.serveEffect(app), Option.some(2000))
      const response = yield* HttpClient.post("/", { body: HttpBody.text("x".repeat(1500)) })
      expect(yield* response.text).toBe("1500")
    }).pipe(Effect.provide(layer))
  )
})
