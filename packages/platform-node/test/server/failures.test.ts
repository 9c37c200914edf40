/**
 * What goes wrong on either side of a request: clients that go away, bodies that break, responses that cannot be sent.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import { Readable } from "node:stream"
import { port, protocols, raw } from "./support/harness.js"

const octets = (text: string) => new TextEncoder().encode(text)

/** A connection of the engine, to see frames' reasons. */
const connect = Effect.flatMap(port, (port) => NodeHttp2.connect(`http://127.0.0.1:${port}`))

/** What the application ends with, as its middlewares see it, and whether it began. */
const observed = Effect.gen(function* () {
  const began = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<number>()
  const observe = HttpMiddleware.make((app) =>
    Effect.onExit(app, (exit) => Deferred.succeed(ended, HttpServerError.exitResponse(exit).status))
  )
  return { began, ended, observe }
})

/** Applications that never answer, `began` run where they begin. */
const hanging: ReadonlyArray<
  readonly [what: string, app: (began: Effect.Effect<unknown>) => HttpApp.Default<unknown>]
> = [
  ["the handler,", (began) => HttpRouter.get(HttpRouter.empty, "/", Effect.zipRight(began, Effect.never))],
  [
    "an application that is no router, where it says so,",
    (began) => Effect.zipRight(began, Effect.interruptible(Effect.never))
  ]
]

describe.each(protocols)("over $protocol", ({ layer }) => {
  for (const [what, app] of hanging) {
    it.scopedLive(`a client that goes away interrupts ${what} which ends with 499`, () =>
      Effect.gen(function* () {
        const { began, ended, observe } = yield* observed
        yield* HttpServer.serveEffect(app(Deferred.succeed(began, undefined)), observe)
        const fiber = yield* Effect.fork(HttpClient.get("/"))
        yield* Deferred.await(began)
        yield* Fiber.interrupt(fiber)
        expect(yield* Deferred.await(ended)).toBe(499)
      }).pipe(Effect.provide(layer))
    )
  }

  it.scopedLive("a client that goes away in the middle of a body ends what the body holds", () =>
    Effect.gen(function* () {
      const released = yield* Deferred.make<void>()
      const began = yield* Deferred.make<void>()
      const body = Stream.make(octets("first")).pipe(
        Stream.concat(Stream.zipRight(Stream.fromEffect(Deferred.succeed(began, undefined)), Stream.never)),
        Stream.ensuring(Deferred.succeed(released, undefined))
      )
      yield* HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.stream(body)), HttpServer.serveEffect())
      const fiber = yield* Effect.fork(
        Effect.flatMap(HttpClient.get("/"), (response) => Stream.runDrain(response.stream))
      )
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(released)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a response that cannot be sent becomes one of 500", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/header", HttpServerResponse.empty({ headers: { "x-bad": "a\nb" } })),
        HttpServer.serveEffect()
      )
      expect((yield* HttpClient.get("/header")).status).toBe(500)
    }).pipe(Effect.provide(layer))
  )
})

const failure = (client: Http2Client.Http2Client, path: string) =>
  Effect.gen(function* () {
    const response = yield* client.request({ path })
    const error: Http2Error.Http2Error = yield* Effect.flip(response.bytes())
    return [response.status, error._tag, error.code] as const
  })

describe("over HTTP/2", () => {
  it.scopedLive("a body that breaks resets the stream: it is never taken for the whole", () =>
    Effect.gen(function* () {
      const statuses: Array<number> = []
      const some = Stream.make(octets("some"))
      const readable = () =>
        Readable.from(
          (function* () {
            yield octets("some")
            throw new Error("broken")
          })()
        )
      const web = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(octets("some"))
        },
        pull: () => Promise.reject(new Error("broken"))
      })
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/fail", HttpServerResponse.stream(Stream.concat(some, Stream.fail("broken")))),
        HttpRouter.get("/die", HttpServerResponse.stream(Stream.concat(some, Stream.die("broken")))),
        HttpRouter.get(
          "/interrupt",
          HttpServerResponse.stream(Stream.concat(some, Stream.fromEffect(Effect.interrupt)))
        ),
        HttpRouter.get(
          "/readable",
          Effect.sync(() => HttpServerResponse.raw(readable()))
        ),
        HttpRouter.get("/web", HttpServerResponse.raw(web)),
        HttpRouter.get("/short", HttpServerResponse.stream(some, { contentLength: 10 })),
        HttpServer.serveEffect((app) =>
          Effect.onExit(app, (exit) => Effect.sync(() => statuses.push(HttpServerError.exitResponse(exit).status)))
        )
      )
      const client = yield* connect
      for (const path of ["/fail", "/die", "/readable", "/web"]) {
        expect(yield* failure(client, path)).toEqual([200, "Http2StreamError", ErrorCode.INTERNAL_ERROR])
      }
      expect(yield* failure(client, "/interrupt")).toEqual([200, "Http2StreamError", ErrorCode.CANCEL])
      expect((yield* failure(client, "/short"))[0]).toBe(200)
      // What was on its way, as over HTTP/1.1.
      expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("a lost connection interrupts the handler with clientAbortFiberId", () =>
    Effect.gen(function* () {
      const { began, ended, observe } = yield* observed
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", Effect.zipRight(Deferred.succeed(began, undefined), Effect.never)),
        HttpServer.serveEffect(observe)
      )
      const scope = yield* Scope.make()
      const client = yield* Scope.extend(connect, scope)
      yield* Effect.fork(client.request({ path: "/" }))
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Deferred.await(ended)).toBe(499)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("a request body that breaks fails who reads it, and interrupts the handler", () =>
    Effect.gen(function* () {
      const { began, ended, observe } = yield* observed
      const reason = yield* Deferred.make<string>()
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/",
          Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
            Effect.zipRight(Deferred.succeed(began, undefined), request.text).pipe(
              Effect.tapError((error) => Deferred.succeed(reason, error.reason)),
              Effect.uninterruptible,
              Effect.as(HttpServerResponse.empty())
            )
          )
        ),
        HttpServer.serveEffect(observe)
      )
      const body = Stream.concat(
        Stream.make(octets("some")),
        Stream.fromEffect(Effect.zipRight(Deferred.await(began), Effect.fail("broken")))
      )
      yield* Effect.ignore(HttpClientRequest.post("/").pipe(HttpClientRequest.bodyStream(body), HttpClient.execute))
      expect(yield* Deferred.await(reason)).toBe("Transport")
      yield* Deferred.await(ended)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  const readers: Record<
    string,
    Effect.Effect<unknown, HttpServerError.RequestError, HttpServerRequest.HttpServerRequest>
  > = {
    text: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ text }) => text),
    arrayBuffer: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ arrayBuffer }) => arrayBuffer),
    stream: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ stream }) => Stream.runDrain(stream))
  }
  it.scopedLive.each(Object.entries(readers))(
    "over HTTP/1.1 too, a request body whose connection is lost is told from one that is wrong: %s",
    ([, read]) =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>()
        const reason = yield* Deferred.make<string>()
        yield* HttpServer.serveEffect(
          Effect.zipRight(Deferred.succeed(began, undefined), read).pipe(
            Effect.tapError((error) => Deferred.succeed(reason, error.reason)),
            Effect.uninterruptible,
            Effect.as(HttpServerResponse.empty())
          )
        )
        const { socket } = yield* raw(Net.connect(yield* port, "127.0.0.1"))
        socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome")
        yield* Deferred.await(began)
        socket.destroy()
        expect(yield* Deferred.await(reason)).toBe("Transport")
      }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("fields of HTTP/1.1 are not sent", () =>
    Effect.gen(function* () {
      const headers = {
        connection: "close",
        "keep-alive": "timeout=5",
        "transfer-encoding": "chunked",
        upgrade: "h2c",
        "x-kept": "1",
        "content-length": "99"
      }
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", HttpServerResponse.text("ok", { headers })),
        HttpServer.serveEffect()
      )
      const response = yield* HttpClient.get("/")
      const { date, ...rest } = response.headers
      expect(date).toBeDefined()
      expect(rest).toEqual({ "x-kept": "1", "content-type": "text/plain", "content-length": "2" })
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})
