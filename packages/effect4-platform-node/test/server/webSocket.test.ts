/** WebSockets at our port: over HTTP/1.1 and over HTTP/2 (RFC 8441), the same `Socket`. */
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import { live } from "../support/run.js"
import { connectHttp1, connectHttp2 } from "./support/webSocket.js"

/** Says everything back, until the client closes. */
const echo = Effect.scoped(
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const socket = yield* request.upgrade
    const { pull } = yield* socket.reader
    const { write } = yield* socket.writer
    yield* Effect.forever(Effect.flatMap(pull, (messages) => Effect.forEach(messages, write, { discard: true })))
    return HttpServerResponse.empty()
  })
).pipe(
  Effect.catchIf(Socket.isSocketError, () => Effect.succeed(HttpServerResponse.empty())),
  Effect.interruptible
)

const serve = Effect.fnUntraced(function* (options: NodeHttp2Server.Options = {}) {
  const server = yield* NodeHttp2Server.make({ host: "127.0.0.1", ...options })
  yield* server.serve(echo)
  return NetAddress.isUnixPathAddress(server.address) ? 0 : server.address.port
})

const next = (webSocket: WebSocket): Effect.Effect<string> =>
  Effect.callback((resume) => {
    webSocket.once("message", (data: Buffer, isBinary) =>
      resume(Effect.succeed(`${isBinary ? "octets" : "text"} ${data.toString()}`))
    )
  })

const closeOf = (webSocket: WebSocket): Effect.Effect<number> =>
  Effect.callback((resume) => {
    webSocket.once("close", (code) => resume(Effect.succeed(code)))
  })

for (const [name, connect] of [
  ["HTTP/1.1", connectHttp1],
  ["HTTP/2", connectHttp2]
] as const) {
  describe(`a WebSocket over ${name}`, () => {
    live("carries text and octets both ways, and closes", () =>
      Effect.gen(function* () {
        const webSocket = yield* connect(yield* serve())
        const text = next(webSocket)
        webSocket.send("hello")
        expect(yield* text).toBe("text hello")
        const octets = next(webSocket)
        webSocket.send(Buffer.from("hello"))
        expect(yield* octets).toBe("octets hello")
        webSocket.close(1000)
        expect(yield* closeOf(webSocket)).toBe(1000)
      })
    )

    live("takes messages up to maxMessageSize, and closes with 1009 beyond", () =>
      Effect.gen(function* () {
        const webSocket = yield* connect(yield* serve({ webSocket: { maxMessageSize: 100 } }))
        const within = next(webSocket)
        webSocket.send("a".repeat(100))
        expect((yield* within).length).toBe(105)
        webSocket.send("a".repeat(101))
        expect(yield* closeOf(webSocket)).toBe(1009)
      })
    )

    live("is told 1001 when the server closes", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const webSocket = yield* connect(yield* Scope.provide(serve(), scope))
        const answer = next(webSocket)
        webSocket.send("hello")
        yield* answer
        const closed = yield* Deferred.make<number>()
        webSocket.once("close", (code) => Deferred.doneUnsafe(closed, Exit.succeed(code)))
        yield* Scope.close(scope, Exit.void)
        expect(yield* Deferred.await(closed)).toBe(1001)
      })
    )
  })
}

describe("requests that are no upgrades", () => {
  live("fail with 400 where an application upgrades them", () =>
    Effect.gen(function* () {
      const client = yield* NodeHttp2.connect(`http://127.0.0.1:${yield* serve()}`)
      expect((yield* client.collect({ path: "/" })).status).toBe(400)
    })
  )

  live("an extended CONNECT is refused where WebSockets are turned off", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Effect.flatMap(serve({ webSocket: false }), connectHttp2)))
      expect(Exit.isFailure(exit)).toBe(true)
    })
  )
})
