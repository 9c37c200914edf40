/**
 * The end of a server whose handlers do not end: bounded by gracefulShutdownTimeout, whatever they do.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import { WebSocket } from "ws"
import { port } from "./support/harness.js"

const ask = (number: number, isHttp2: boolean) =>
  isHttp2
    ? Effect.scoped(
        Effect.flatMap(NodeHttp2.connect(`http://127.0.0.1:${number}`), (client) =>
          client.collect({ path: "/stuck?a=1" })
        )
      )
    : Effect.async<void>((resume) => {
        const request = Http.get({ port: number, path: "/stuck?a=1", agent: false }, () => resume(Effect.void))
        request.on("error", () => resume(Effect.void))
        return Effect.sync(() => request.destroy())
      })

const ours = NodeHttp2Server.layerServer({ gracefulShutdownTimeout: "50 millis" })
const servers = [
  {
    server: "NodeHttpServer",
    layer: NodeHttpServer.layerServer(Http.createServer, { port: 0 }),
    isOurs: false,
    isHttp2: false
  },
  { server: "NodeHttp2Server over HTTP/2", layer: ours, isOurs: true, isHttp2: true },
  { server: "NodeHttp2Server over HTTP/1.1", layer: ours, isOurs: true, isHttp2: false }
]

/** Warnings so far. */
const warnings = () => {
  const messages: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) messages.push(String(message))
  })
  return { messages, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("a handler that does not end, though its client has left", () => {
  it.scopedLive.each(servers)("does not hold up the end of $server", ({ isHttp2, isOurs, layer }) =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const stuck = Effect.uninterruptible(Effect.zipRight(Deferred.succeed(began, undefined), Deferred.await(go)))
      const scope = yield* Scope.make()
      const context = yield* Scope.extend(Layer.build(layer), scope)
      const { layer: logging, messages } = warnings()
      yield* HttpServer.serveEffect(Effect.zipRight(stuck, HttpServerResponse.empty())).pipe(
        Effect.provide(context),
        Scope.extend(scope),
        Effect.provide(logging)
      )
      const number = yield* Effect.provide(port, context)
      const asked = yield* Effect.fork(ask(number, isHttp2))
      yield* Deferred.await(began)
      yield* Fiber.interrupt(asked)
      yield* Scope.close(scope, Exit.void)
      if (isOurs) expect(messages).toEqual(["The handler of GET /stuck?a=1 did not end in time, and is abandoned"])
    })
  )

  it.scopedLive.each([
    { protocol: "HTTP/2", priorKnowledge: true },
    { protocol: "HTTP/1.1", priorKnowledge: false }
  ])("is named in the log over $protocol without more of its path than a line takes", ({ priorKnowledge }) =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const context = yield* Scope.extend(Layer.build(ours), scope)
      const { layer: logging, messages } = warnings()
      yield* HttpServer.serveEffect(
        Effect.uninterruptible(Effect.zipRight(Deferred.succeed(began, undefined), Effect.never))
      ).pipe(Effect.provide(context), Scope.extend(scope), Effect.provide(logging))
      const number = yield* Effect.provide(port, context)
      const asked = yield* HttpClient.get(`http://127.0.0.1:${number}/${"a".repeat(1000)}`).pipe(
        Effect.provide(NodeHttp2Client.layer({ priorKnowledge })),
        Effect.fork
      )
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.interrupt(asked)
      expect(messages).toEqual([`The handler of GET /${"a".repeat(255)}... did not end in time, and is abandoned`])
    })
  )

  it.scopedLive("does not hold up the end of the server as that of a WebSocket over HTTP/1.1", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const context = yield* Scope.extend(Layer.build(ours), scope)
      const { layer: logging, messages } = warnings()
      const stuck = Effect.gen(function* () {
        const socket = yield* HttpServerRequest.upgrade
        yield* Effect.fork(socket.run(() => undefined))
        yield* Deferred.succeed(began, undefined)
        return yield* Effect.never
      })
      yield* HttpServer.serveEffect(Effect.uninterruptible(stuck)).pipe(
        Effect.provide(context),
        Scope.extend(scope),
        Effect.provide(logging)
      )
      const number = yield* Effect.provide(port, context)
      const webSocket = new WebSocket(`ws://127.0.0.1:${number}/socket`)
      webSocket.on("error", () => undefined)
      yield* Effect.addFinalizer(() => Effect.sync(() => webSocket.terminate()))
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      expect(messages).toEqual(["The handler of GET /socket did not end in time, and is abandoned"])
    })
  )

  it.scopedLive("does not hold up the end of NodeHttp2.serve, whether its client is there or not", () =>
    Effect.gen(function* () {
      for (const leaves of [true, false]) {
        const began = yield* Deferred.make<void>()
        const scope = yield* Scope.make()
        const { layer: logging, messages } = warnings()
        const { address } = yield* NodeHttp2.serve(
          () => Effect.uninterruptible(Effect.zipRight(Deferred.succeed(began, undefined), Effect.never)),
          { host: "127.0.0.1", gracefulShutdownTimeout: "50 millis" }
        ).pipe(Scope.extend(scope), Effect.provide(logging))
        const asked = yield* Effect.fork(Effect.ignore(ask(address.port ?? 0, true)))
        yield* Deferred.await(began)
        if (leaves) yield* Fiber.interrupt(asked)
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.interrupt(asked)
        expect(messages).toEqual(["The handler of GET /stuck?a=1 did not end in time, and is abandoned"])
      }
    })
  )

  it.scopedLive("has all the time that it wants as long as the server lives, and is awaited at its end", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      let isDone = false
      const scope = yield* Scope.make()
      const { layer: logging, messages } = warnings()
      const { address } = yield* NodeHttp2.serve(
        () =>
          Effect.uninterruptible(
            Effect.zipRight(Deferred.succeed(began, undefined), Deferred.await(go)).pipe(
              Effect.zipRight(Effect.sync(() => (isDone = true)))
            )
          ).pipe(Effect.zipRight(Effect.never)),
        { host: "127.0.0.1" }
      ).pipe(Scope.extend(scope), Effect.provide(logging))
      const asked = yield* Effect.fork(ask(address.port ?? 0, true))
      yield* Deferred.await(began)
      yield* Fiber.interrupt(asked)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(closing)
      expect([isDone, messages]).toEqual([true, []])
    })
  )
})
