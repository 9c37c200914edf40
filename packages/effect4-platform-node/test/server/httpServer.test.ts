/** The `HttpServer` of Effect over our port: over HTTP/2 and HTTP/1.1, plain and with TLS, the same application. */
import type { Http2Client } from "@effect-http2/effect4-http2/Http2Client"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import { Readable } from "node:stream"
import { describe, expect } from "vitest"
import { certificate, live } from "../support/run.js"

type App<E = never> = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

interface Asking {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

/** Asks in a way of its own; fails with an Error where no whole response comes. */
type Ask = (request?: Asking) => Effect.Effect<Answer, unknown, Scope.Scope>

const host = "127.0.0.1"

const serve = Effect.fnUntraced(function* <E>(app: App<E>, options: NodeHttp2Server.Options = {}) {
  const server = yield* NodeHttp2Server.make({ host, ...options })
  yield* server.serve(app)
  return portOf(server)
})

const portOf = ({ address }: HttpServer.HttpServer["Service"]): number =>
  NetAddress.isUnixPathAddress(address) ? 0 : address.port

const byHttp2 =
  (client: Http2Client): Ask =>
  ({ body, headers = {}, method = "GET", path = "/" } = {}) =>
    Effect.map(client.collect({ method, path, headers, ...(body === undefined ? {} : { body }) }), (response) => ({
      status: response.status,
      headers: Object.fromEntries(response.headers.fields.map(({ name, value }) => [name, value])),
      text: response.text
    }))

const byHttp1 =
  (port: number, isTls: boolean): Ask =>
  ({ body, headers = {}, method = "GET", path = "/" } = {}) =>
    Effect.callback((resume) => {
      const options = { host, port, path, method, headers, agent: false as const, ca: certificate.cert }
      const request = isTls ? Https.request(options) : Http.request(options)
      request.on("error", (error) => resume(Effect.fail(error)))
      request.on("response", (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.on("error", (error) => resume(Effect.fail(error)))
        response.on("end", () =>
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: Object.fromEntries(
                Object.entries(response.headers).map(([name, value]) => [name, String(value)])
              ),
              text: Buffer.concat(parts).toString()
            })
          )
        )
      })
      request.end(body)
      return Effect.sync(() => request.destroy())
    })

const connect = (port: number, isTls: boolean) =>
  Effect.map(
    isTls
      ? NodeHttp2.connect(`https://${host}:${port}`, { tls: { ca: certificate.cert } })
      : NodeHttp2.connect(`http://${host}:${port}`),
    byHttp2
  )

const ways = [
  { name: "HTTP/2", isTls: false, asking: connect },
  { name: "HTTP/2 over TLS", isTls: true, asking: connect },
  { name: "HTTP/1.1", isTls: false, asking: (port: number, isTls: boolean) => Effect.succeed(byHttp1(port, isTls)) },
  {
    name: "HTTP/1.1 over TLS",
    isTls: true,
    asking: (port: number, isTls: boolean) => Effect.succeed(byHttp1(port, isTls))
  }
] as const

for (const { asking, isTls, name } of ways) {
  /** Serves `app`, in a scope of its own where one is given. */
  const start = Effect.fnUntraced(function* <E>(
    app: App<E>,
    options: NodeHttp2Server.Options = {},
    scope?: Scope.Scope
  ) {
    const served = serve(app, { ...options, ...(isTls ? { tls: certificate } : {}) })
    const port = yield* scope === undefined ? served : Scope.provide(served, scope)
    const ask: Ask = yield* asking(port, isTls)
    return ask
  })

  describe(`an application over ${name}`, () => {
    live("text, headers, status, cookies", () =>
      Effect.gen(function* () {
        const ask = yield* start(
          Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
            HttpServerResponse.text(`${request.method} ${request.url} ${request.headers["x-a"]}`, {
              status: 201,
              headers: { "x-b": "c" }
            }).pipe(HttpServerResponse.setCookieUnsafe("session", "1"))
          )
        )
        const answer = yield* ask({ path: "/a?b=c", headers: { "x-a": "d" } })
        expect(answer).toMatchObject({ status: 201, text: "GET /a?b=c d" })
        expect(answer.headers).toMatchObject({
          "x-b": "c",
          "content-length": "12",
          "content-type": "text/plain",
          "set-cookie": "session=1"
        })
        expect(answer.headers["date"]).toBeDefined()
      })
    )

    live("bodies of requests: text, JSON, forms, a Stream, read twice", () =>
      Effect.gen(function* () {
        const ask = yield* start(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            switch (request.url) {
              case "/json":
                return HttpServerResponse.jsonUnsafe([yield* request.json, (yield* request.text).length])
              case "/form":
                return HttpServerResponse.jsonUnsafe([...(yield* request.urlParamsBody)])
              default:
                return HttpServerResponse.text(
                  String(
                    yield* Stream.runFold(
                      request.stream,
                      () => 0,
                      (sum, octets) => sum + octets.length
                    )
                  )
                )
            }
          })
        )
        expect((yield* ask({ method: "POST", path: "/json", body: '{"a":1}' })).text).toBe('[{"a":1},7]')
        expect((yield* ask({ method: "POST", path: "/form", body: "?a=b&c=%20" })).text).toBe('[["?a","b"],["c"," "]]')
        expect((yield* ask({ method: "POST", path: "/stream", body: Buffer.alloc(3_000_000) })).text).toBe("3000000")
        expect((yield* ask({ method: "POST", path: "/json", body: "{" })).status).toBe(400)
      })
    )

    live("a body beyond maxBodySize is 413, as the application says of the error", () =>
      Effect.gen(function* () {
        const ask = yield* start(
          Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
            Effect.map(request.text, (text) => HttpServerResponse.text(text))
          ),
          { maxBodySize: 10 }
        )
        expect((yield* ask({ method: "POST", body: "0123456789" })).text).toBe("0123456789")
        expect((yield* ask({ method: "POST", body: "0123456789+" })).status).toBe(413)
      })
    )

    live("bodies of responses of every kind", () =>
      Effect.gen(function* () {
        const form = new FormData()
        form.append("a", "b")
        const octets = new TextEncoder().encode("octets")
        const bodies: Record<string, () => HttpServerResponse.HttpServerResponse> = {
          "/empty": () => HttpServerResponse.empty({ status: 200 }),
          "/octets": () => HttpServerResponse.uint8Array(octets),
          "/stream": () => HttpServerResponse.stream(Stream.make(octets, octets)),
          "/readable": () => HttpServerResponse.raw(Readable.from([Buffer.from("read"), Buffer.from("able")])),
          "/web": () => HttpServerResponse.raw(new Response("web", { headers: { "x-web": "1" } })),
          "/webStream": () => HttpServerResponse.raw(new Blob(["blob"]).stream()),
          "/blob": () => HttpServerResponse.raw(new Blob(["blob"])),
          "/buffer": () => HttpServerResponse.raw(octets.buffer),
          "/string": () => HttpServerResponse.raw("string"),
          "/form": () => HttpServerResponse.formData(form)
        }
        const ask = yield* start(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => bodies[url]?.() ?? HttpServerResponse.empty())
        )
        const texts: Record<string, string> = {}
        for (const path of Object.keys(bodies)) texts[path] = (yield* ask({ path })).text
        expect(texts).toMatchObject({
          "/empty": "",
          "/octets": "octets",
          "/stream": "octetsoctets",
          "/readable": "readable",
          "/web": "web",
          "/webStream": "blob",
          "/blob": "blob",
          "/buffer": "octets",
          "/string": "string"
        })
        expect(texts["/form"]).toContain('name="a"')
        expect((yield* ask({ path: "/web" })).headers).toMatchObject({ "x-web": "1" })
        const head = yield* ask({ method: "HEAD", path: "/octets" })
        expect([head.text, head.headers["content-length"]]).toEqual(["", "6"])
      })
    )

    live("a body that fails, or has another length than it says, is broken off", () =>
      Effect.gen(function* () {
        const part = Stream.make(new Uint8Array(10))
        const ask = yield* start(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
            url === "/fails"
              ? HttpServerResponse.stream(Stream.concat(part, Stream.fail("broken")))
              : HttpServerResponse.stream(part, { contentLength: url === "/short" ? 20 : 5 })
          )
        )
        for (const path of ["/fails", "/short", "/long"]) {
          expect(Exit.isFailure(yield* Effect.exit(ask({ path }))), path).toBe(true)
        }
      })
    )

    live("the source of a body that is not sent, or not to its end, is let go of", () =>
      Effect.gen(function* () {
        const sources: Array<Readable> = []
        const ask = yield* start(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => {
            const source = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(10)))
            sources.push(source)
            return HttpServerResponse.raw(source, url === "/short" ? { headers: { "content-length": "20" } } : {})
          })
        )
        yield* ask({ method: "HEAD" })
        yield* Effect.exit(ask({ path: "/short" }))
        yield* ask()
        for (const source of sources) {
          if (!source.closed)
            yield* Effect.callback<void>((resume) => void source.once("close", () => resume(Effect.void)))
        }
        expect(sources.map(({ destroyed }) => destroyed)).toEqual([true, true, true])
      })
    )

    live("failures and defects are what they are responses for, or 500", () =>
      Effect.gen(function* () {
        const ask = yield* start(
          Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
            url === "/fail"
              ? Effect.fail("no")
              : url === "/die"
                ? Effect.die(new Error("no"))
                : Effect.die(HttpServerResponse.text("teapot", { status: 418 }))
          )
        )
        expect((yield* ask({ path: "/fail" })).status).toBe(500)
        expect((yield* ask({ path: "/die" })).status).toBe(500)
        expect(yield* ask({ path: "/response" })).toMatchObject({ status: 418, text: "teapot" })
      })
    )

    live("a status that HTTP does not have is 500, and so is a raw body that cannot be sent", () =>
      Effect.gen(function* () {
        const ask = yield* start(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
            url === "/status"
              ? HttpServerResponse.empty({ status: 700 })
              : HttpServerResponse.raw({ what: "an object" })
          )
        )
        expect((yield* ask({ path: "/status" })).status).toBe(500)
        expect((yield* ask({ path: "/raw" })).status).toBe(500)
      })
    )

    live("the scope of a request closes when it has been answered", () =>
      Effect.gen(function* () {
        const closed: Array<string> = []
        const ask = yield* start(
          Effect.gen(function* () {
            const { url } = yield* HttpServerRequest.HttpServerRequest
            yield* Effect.addFinalizer(() => Effect.sync(() => closed.push(url)))
            return url === "/stream"
              ? HttpServerResponse.stream(Stream.fromEffect(Effect.sync(() => Buffer.from(`${closed.length}`))))
              : HttpServerResponse.text("text")
          })
        )
        yield* ask({ path: "/text" })
        expect((yield* ask({ path: "/stream" })).text).toBe("1")
        expect(closed).toEqual(["/text", "/stream"])
      })
    )

    live("the handler is interrupted when its client goes away", () =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const interrupted = yield* Deferred.make<void>()
        const ask = yield* start(
          Deferred.succeed(started, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined)),
            Effect.interruptible
          )
        )
        const asking = yield* Effect.forkChild(ask())
        yield* Deferred.await(started)
        yield* Fiber.interrupt(asking)
        yield* Deferred.await(interrupted)
      })
    )

    live("the end of the application's scope lets requests finish", () =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const gate = yield* Deferred.make<void>()
        const scope = yield* Scope.make()
        const ask = yield* start(
          Deferred.succeed(started, undefined).pipe(
            Effect.andThen(Deferred.await(gate)),
            Effect.as(HttpServerResponse.text("done"))
          ),
          {},
          scope
        )
        const asking = yield* Effect.forkChild(ask())
        yield* Deferred.await(started)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* Effect.yieldNow
        yield* Deferred.succeed(gate, undefined)
        expect((yield* Fiber.join(asking)).text).toBe("done")
        yield* Fiber.join(closing)
      })
    )

    live("a handler that does not end in time is interrupted, and the server closes", () =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const interrupted = yield* Deferred.make<void>()
        const scope = yield* Scope.make()
        const ask = yield* start(
          Deferred.succeed(started, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined)),
            Effect.interruptible
          ),
          { gracefulShutdownTimeout: 50 },
          scope
        )
        yield* Effect.forkChild(Effect.exit(ask()))
        yield* Deferred.await(started)
        yield* Scope.close(scope, Exit.void)
        expect(yield* Deferred.isDone(interrupted)).toBe(true)
      })
    )
  })
}

describe("the port", () => {
  live("abandons handlers that cannot be interrupted, and closes", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const started = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const app = Deferred.succeed(started, undefined).pipe(
        Effect.andThen(Deferred.await(gate)),
        Effect.as(HttpServerResponse.empty())
      )
      const port = yield* Scope.provide(serve(app, { gracefulShutdownTimeout: 50 }), scope)
      yield* Effect.forkChild(Effect.exit(byHttp1(port, false)()))
      yield* Deferred.await(started)
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.succeed(gate, undefined)
    })
  )

  live("speaks HTTP/2 and HTTP/1.1 at one, plain and with TLS, and middlewares of both", () =>
    Effect.gen(function* () {
      const app = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
        HttpServerResponse.text(request.originalUrl)
      )
      const server = yield* NodeHttp2Server.make({ host })
      const seen: Array<string> = []
      const middleware = HttpMiddleware.make((app) =>
        Effect.tap(app, (response) => Effect.sync(() => seen.push(`${response.status}`)))
      )
      yield* server.serve(app, middleware)
      const port = portOf(server)
      const client = yield* NodeHttp2.connect(`http://${host}:${port}`)
      expect((yield* client.collect({ path: "/two" })).text).toBe(`http://${host}:${port}/two`)
      expect((yield* byHttp1(port, false)({ path: "/one" })).text).toBe(`http://${host}:${port}/one`)
      expect(seen).toEqual(["200", "200"])
    })
  )

  live("serves a router, by its layers", () =>
    Effect.gen(function* () {
      const routes = HttpRouter.add(
        "GET",
        "/users/:id",
        Effect.map(HttpRouter.params, ({ id }) => HttpServerResponse.text(`user ${id}`))
      )
      const context = yield* Layer.build(
        HttpRouter.serve(routes, { disableLogger: true }).pipe(Layer.provideMerge(NodeHttp2Server.layer({ host })))
      )
      const port = portOf(yield* Effect.provideContext(HttpServer.HttpServer, context))
      const client = yield* NodeHttp2.connect(`http://${host}:${port}`)
      expect((yield* client.collect({ path: "/users/7" })).text).toBe("user 7")
      expect((yield* client.collect({ path: "/nowhere" })).status).toBe(404)
      expect((yield* byHttp1(port, false)({ path: "/users/8" })).text).toBe("user 8")
    })
  )

  live("trailers of a response, which HTTP/2 has", () =>
    Effect.gen(function* () {
      const port = yield* serve(
        Effect.succeed(
          NodeHttp2Server.withTrailers(HttpServerResponse.text("body", { headers: { a: "b" } }), { digest: "x" })
        )
      )
      const client = yield* NodeHttp2.connect(`http://${host}:${port}`)
      const response = yield* client.collect({ path: "/" })
      expect([response.text, response.headers.get("a"), response.trailers.get("digest")]).toEqual(["body", "b", "x"])
      expect((yield* byHttp1(port, false)()).text).toBe("body")
    })
  )

  live("100 Continue goes out when the body is read, and not where nobody wants it", () =>
    Effect.gen(function* () {
      const port = yield* serve(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          request.url === "/no"
            ? Effect.succeed(HttpServerResponse.empty({ status: 417 }))
            : Effect.map(request.text, (text) => HttpServerResponse.text(text))
        )
      )
      const expecting = (path: string) =>
        Effect.callback<string>((resume) => {
          const request = Http.request({
            host,
            port,
            path,
            method: "POST",
            headers: { expect: "100-continue", "content-length": "4" }
          })
          let said = ""
          request.on("continue", () => {
            said = "continue, "
            request.end("body")
          })
          request.on("response", (response) => {
            response.resume()
            resume(Effect.succeed(`${said}${response.statusCode}`))
            response.on("end", () => request.destroy())
          })
          request.on("error", () => undefined)
          request.flushHeaders()
        })
      expect(yield* expecting("/yes")).toBe("continue, 200")
      expect(yield* expecting("/no")).toBe("417")
    })
  )

  live("the server's span of a request has its version and its stream", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const port = yield* Effect.provideService(
        serve(Effect.succeed(HttpServerResponse.text("traced"))),
        Tracer.Tracer,
        tracer
      )
      const client = yield* NodeHttp2.connect(`http://${host}:${port}`)
      yield* client.collect({ path: "/" })
      const attributes = spans.map((span) => Object.fromEntries(span.attributes))
      expect(attributes).toMatchObject([
        { "http.response.status_code": 200, "network.protocol.version": "2", "http2.stream.id": 1 }
      ])
    })
  )

  live("a connection of HTTP/1.1 goes on as HTTP/2 by Upgrade: h2c where that is turned on, and only there", () =>
    Effect.gen(function* () {
      const app = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
        HttpServerResponse.text(`answered ${request.url}`)
      )
      const upgrade = [
        "GET /up HTTP/1.1",
        "Host: a",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
        "",
        ""
      ].join("\r\n")
      const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", "latin1")
      const asked = (port: number) =>
        Effect.callback<string>((resume) => {
          const socket = Net.connect(port, host, () => socket.write(upgrade))
          let received = ""
          let isUpgraded = false
          socket.on("error", () => undefined)
          socket.on("data", (chunk: Buffer) => {
            received += chunk.toString("latin1")
            if (!isUpgraded && received.startsWith("HTTP/1.1 101")) {
              isUpgraded = true
              socket.write(preface)
            }
            if (!received.includes("answered /up")) return
            resume(Effect.succeed(received.slice(0, 12)))
            socket.destroy()
          })
        })
      expect(yield* asked(yield* serve(app, { upgradeH2c: true }))).toBe("HTTP/1.1 101")
      expect(yield* asked(yield* serve(app))).toBe("HTTP/1.1 200")
    })
  )

  live("who connects before an application is served is answered by it", () =>
    Effect.gen(function* () {
      const server = yield* NodeHttp2Server.make({ host })
      const asking = yield* Effect.forkChild(byHttp1(portOf(server), false)())
      yield* Effect.yieldNow
      yield* server.serve(Effect.succeed(HttpServerResponse.text("late")))
      expect((yield* Fiber.join(asking)).text).toBe("late")
    })
  )

  live("of two applications the first serves again when the scope of the later one closes", () =>
    Effect.gen(function* () {
      const server = yield* NodeHttp2Server.make({ host })
      yield* server.serve(Effect.succeed(HttpServerResponse.text("first")))
      const scope = yield* Scope.make()
      yield* Scope.provide(server.serve(Effect.succeed(HttpServerResponse.text("later"))), scope)
      const ask = byHttp1(portOf(server), false)
      expect((yield* ask()).text).toBe("later")
      yield* Scope.close(scope, Exit.void)
      expect((yield* ask()).text).toBe("first")
    })
  )

  live("an address in use is a ServeError with Node's error, a bad option one with ours", () =>
    Effect.gen(function* () {
      const server = yield* NodeHttp2Server.make({ host })
      const inUse = yield* Effect.flip(NodeHttp2Server.make({ host, port: portOf(server) }))
      expect(inUse).toMatchObject({ _tag: "ServeError", cause: { code: "EADDRINUSE" } })
      const option = yield* Effect.flip(NodeHttp2Server.make({ host, maxFrameSize: 3 }))
      expect(option).toMatchObject({ _tag: "ServeError", cause: { _tag: "Http2ConnectionError", origin: "User" } })
      const http1 = yield* Effect.flip(NodeHttp2Server.make({ host, http1: { maxHeaderSize: -1 } }))
      expect(http1).toMatchObject({ _tag: "ServeError" })
    })
  )

  live("refuses requests of HTTP/1.1 that are ambiguous", () =>
    Effect.gen(function* () {
      const port = yield* serve(Effect.succeed(HttpServerResponse.text("no")))
      const answer = yield* byHttp1(port, false)({ headers: { "transfer-encoding": "gzip, chunked" }, method: "POST" })
      expect(answer.status).toBe(501)
    })
  )
})
