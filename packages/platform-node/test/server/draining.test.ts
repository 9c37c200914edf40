/**
 * How a server ends: what is on its way finishes, what is idle ends at once, what takes too long is interrupted.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import { get, port, raw } from "./support/harness.js"
import { connectHttp2 } from "./support/webSocket.js"

describe("draining", () => {
  /** An application that is asked, and goes on when it is told to. */
  const slow = Effect.gen(function* () {
    const began = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const app = Deferred.succeed(began, undefined).pipe(
      Effect.zipRight(Effect.interruptible(Deferred.await(go))),
      Effect.as(HttpServerResponse.text("done"))
    )
    return { app, began: Deferred.await(began), go: Deferred.succeed(go, undefined) }
  })

  it.scopedLive("lets requests in flight finish, over HTTP/2 and HTTP/1.1", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        const { app, began, go } = yield* slow
        const scope = yield* Scope.make()
        const context = yield* Scope.extend(Layer.build(NodeHttp2Server.layerServer()), scope)
        yield* HttpServer.serveEffect(app).pipe(Effect.provide(context), Scope.extend(scope))
        const number = yield* Effect.provide(port, context)
        const asked = yield* Effect.fork(
          isHttp2
            ? Effect.scoped(
                Effect.flatMap(NodeHttp2.connect(`http://127.0.0.1:${number}`), (client) =>
                  Effect.flatMap(client.request({}), (response) => response.text())
                )
              )
            : get({ port: number, path: "/" }, Http)
        )
        yield* began
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* Effect.yieldNow()
        yield* go
        expect(yield* Fiber.join(asked)).toBe("done")
        yield* Fiber.join(closing)
      }
    })
  )

  it.scopedLive("interrupts what is left after gracefulShutdownTimeout, and ends idle connections at once", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        const { app, began } = yield* slow
        const scope = yield* Scope.make()
        const server = NodeHttp2Server.layerServer({ gracefulShutdownTimeout: "50 millis" })
        const context = yield* Scope.extend(Layer.build(server), scope)
        yield* HttpServer.serveEffect(app).pipe(Effect.provide(context), Scope.extend(scope))
        const number = yield* Effect.provide(port, context)
        const idle = yield* raw(Net.connect(number, "127.0.0.1"))
        if (isHttp2) {
          const client = yield* NodeHttp2.connect(`http://127.0.0.1:${number}`)
          yield* Effect.fork(Effect.ignore(client.request({})))
        } else {
          const { socket } = yield* raw(Net.connect(number, "127.0.0.1"))
          socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        }
        yield* began
        yield* Scope.close(scope, Exit.void)
        if (!idle.socket.closed) yield* idle.ended
      }
    })
  )

  it.scopedLive("tells WebSockets over HTTP/2 that it goes away, and does not wait for more than their goodbye", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Scope.extend(Layer.build(NodeHttp2Server.layerServer()), scope)
      const app = Effect.gen(function* () {
        const socket = yield* HttpServerRequest.upgrade
        yield* Effect.ignore(socket.runRaw(() => Effect.void))
        return HttpServerResponse.empty()
      })
      yield* HttpServer.serveEffect(app).pipe(Effect.provide(context), Scope.extend(scope))
      const { webSocket } = yield* Effect.provide(connectHttp2("/"), context)
      const closed = yield* Deferred.make<number>()
      webSocket.on("close", (code: number) => Deferred.unsafeDone(closed, Effect.succeed(code)))
      yield* Scope.close(scope, Exit.void)
      expect(yield* Deferred.await(closed)).toBe(1001)
    })
  )
})
