/**
 * WebSockets at the port: by upgrade over HTTP/1.1, by extended CONNECT over HTTP/2 (RFC 8441); the application sees the same Socket.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Socket from "@effect/platform/Socket"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import { randomBytes } from "../utils.js"
import { layerWith, port } from "./support/harness.js"
import { connectHttp2 } from "./support/webSocket.js"

const connectHttp1 = (path: string) =>
  Effect.gen(function* () {
    const webSocket = new WebSocket(`ws://127.0.0.1:${yield* port}${path}`)
    yield* Effect.addFinalizer(() => Effect.sync(() => webSocket.terminate()))
    yield* Effect.async<void>((resume) => {
      webSocket.once("open", () => resume(Effect.void))
    })
    return { webSocket }
  })

/** What `webSocket` is sent, and how it was closed. */
const observe = (webSocket: WebSocket) =>
  Effect.gen(function* () {
    const messages = yield* Queue.unbounded<Buffer>()
    const closed = yield* Deferred.make<readonly [number, string]>()
    webSocket.on("message", (data) => {
      if (data instanceof Buffer) messages.unsafeOffer(data)
    })
    webSocket.on("close", (code, reason) => Deferred.unsafeDone(closed, Effect.succeed([code, reason.toString()])))
    webSocket.on("error", () => {})
    return { next: Queue.take(messages), closed: Deferred.await(closed) }
  })

/** Sends back what it gets; a message `close` closes. */
const echo = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) =>
    message === "close" ? write(new Socket.CloseEvent(4000, "told to")) : write(message)
  )
  return HttpServerResponse.empty()
}).pipe(
  Effect.catchTag("SocketError", () => HttpServerResponse.empty()),
  Effect.scoped
)

const versions = [
  { protocol: "HTTP/2", connect: (path: string) => connectHttp2(path) },
  { protocol: "HTTP/1.1", connect: connectHttp1 }
]

describe.each(versions)("a WebSocket over $protocol", ({ connect }) => {
  it.scopedLive("carries text and octets, small and large, both ways", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/ws", echo), HttpServer.serveEffect())
      const { webSocket } = yield* connect("/ws")
      const { next } = yield* observe(webSocket)
      webSocket.send("text")
      expect((yield* next).toString()).toBe("text")
      const large = randomBytes(2 << 20)
      webSocket.send(large)
      expect((yield* next).equals(large)).toBe(true)
      for (let i = 0; i < 100; i++) webSocket.send(String(i))
      for (let i = 0; i < 100; i++) expect((yield* next).toString()).toBe(String(i))
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("closes with a code from either side", () =>
    Effect.gen(function* () {
      const ends: Array<number> = []
      const app = HttpRouter.empty.pipe(
        HttpRouter.get(
          "/ws",
          Effect.gen(function* () {
            const socket = yield* HttpServerRequest.upgrade
            const exit = yield* Effect.exit(socket.runRaw(() => Effect.void))
            const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.causeOption(exit)) : undefined
            const failure = error?._tag === "Fail" ? error.error : undefined
            ends.push(failure !== undefined && Socket.SocketCloseError.is(failure) ? failure.code : 0)
            return HttpServerResponse.empty()
          })
        ),
        HttpRouter.get("/echo", echo)
      )
      yield* HttpServer.serveEffect(app)
      const ours = yield* connect("/ws")
      const first = yield* observe(ours.webSocket)
      ours.webSocket.close(4001, "bye")
      expect(yield* first.closed).toEqual([4001, "bye"])
      yield* Effect.repeat(Effect.yieldNow(), { until: () => ends.length === 1 })
      expect(ends).toEqual([4001])
      const theirs = yield* connect("/echo")
      const second = yield* observe(theirs.webSocket)
      theirs.webSocket.send("close")
      expect(yield* second.closed).toEqual([4000, "told to"])
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )
})

describe("over HTTP/2", () => {
  it.scopedLive("one that breaks interrupts its handler with clientAbortFiberId", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<number>()
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/ws",
          Effect.gen(function* () {
            const socket = yield* HttpServerRequest.upgrade
            return yield* socket
              .runRaw(() => Deferred.succeed(began, undefined))
              .pipe(Effect.ignore, Effect.zipRight(Effect.never))
          })
        ),
        HttpServer.serveEffect((app) =>
          Effect.onExit(app, (exit) => Deferred.succeed(ended, HttpServerError.exitResponse(exit).status))
        )
      )
      const scope = yield* Scope.make()
      const { webSocket } = yield* Scope.extend(connectHttp2("/ws"), scope)
      webSocket.on("error", () => {})
      webSocket.send("hello")
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Deferred.await(ended)).toBe(499)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("a request looks as it does over HTTP/1.1, and the subprotocol is agreed on", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/ws",
          Effect.tap(HttpServerRequest.HttpServerRequest, ({ headers, method, url }) => {
            seen.push(method, url, headers["upgrade"], headers["sec-websocket-version"])
          }).pipe(Effect.zipRight(echo))
        ),
        HttpServer.serveEffect()
      )
      const { response, webSocket } = yield* connectHttp2("/ws?a=1", { "sec-websocket-protocol": "one, two" })
      const { next } = yield* observe(webSocket)
      webSocket.send("hi")
      expect((yield* next).toString()).toBe("hi")
      expect(seen).toEqual(["GET", "/ws?a=1", "websocket", "13"])
      expect(response.status).toBe(200)
      expect(response.headers.toJSON()).toEqual({ "sec-websocket-protocol": "one" })
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("is refused with a status: no such route, a version that is not known", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/ws", echo), HttpServer.serveEffect())
      const client = yield* NodeHttp2.connect(`http://127.0.0.1:${yield* port}`)
      const refusal = (path: string, version: string) =>
        Effect.map(
          client.tunnel({ protocol: "websocket", path, headers: { "sec-websocket-version": version } }),
          ({ response }) => response.status
        )
      expect(yield* refusal("/nowhere", "13")).toBe(404)
      expect(yield* refusal("/ws", "7")).toBe(400)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("is nothing that an ordinary request can become", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/ws", echo), HttpServer.serveEffect())
      expect((yield* HttpClient.get("/ws")).status).toBe(400)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("is off where the user says so", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/ws", echo), HttpServer.serveEffect())
      const error = yield* Effect.flip(connectHttp2("/ws"))
      expect(String(error)).toMatch(/8441/)
    }).pipe(Effect.scoped, Effect.provide(layerWith({ webSocket: false })))
  )
})
