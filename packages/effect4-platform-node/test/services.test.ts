/** The services of effect4-http2 over sockets: `NodeHttp2.layerServer`, `NodeHttp2.layerClient`, and `Http2Client.layer` over `NodeTransport.layer`. */
import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as NodeTransport from "@effect-http2/effect4-platform-node/NodeTransport"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import { live } from "./support/run.js"

class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}

const host = "127.0.0.1"

const text = Effect.map(Http2Client.collect({ path: "/you" }), ({ text }) => text)

const serve = NodeHttp2.serve(({ path }) => Effect.succeed(Http2ServerResponse.text(path)), { host })

describe("a server in the context", () => {
  live("of NodeHttp2.layerServer: who connects before it is served waits, its end drains", () =>
    Effect.gen(function* () {
      const server = Context.get(
        yield* Layer.build(NodeHttp2.layerServer({ host, gracefulShutdownTimeout: "10 seconds" })),
        Http2Server.Http2Server
      )
      const client = yield* NodeHttp2.connect(`http://${host}:${server.address?.port}`)
      const early = yield* Effect.forkChild(client.collect({ path: "/early" }))
      const started = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      yield* Http2Server.serveEffect(({ path }) =>
        Effect.gen(function* () {
          if (path === "/slow") {
            yield* Deferred.succeed(started, undefined)
            yield* Deferred.await(gate)
          }
          return Http2ServerResponse.text(`${yield* Greeting} ${path}`)
        })
      ).pipe(
        Effect.provideService(Http2Server.Http2Server, server),
        Effect.provideService(Greeting, "Hello"),
        Scope.provide(scope)
      )
      expect((yield* Fiber.join(early)).text).toBe("Hello /early")
      const slow = yield* Effect.forkChild(client.collect({ path: "/slow" }))
      yield* Deferred.await(started)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Deferred.succeed(gate, undefined)
      expect((yield* Fiber.join(slow)).text).toBe("Hello /slow")
      yield* Fiber.join(closing)
      yield* client.connection.awaitClosed
    })
  )

  live("of NodeHttp2.layerServer fails where it cannot listen, and for an option that cannot be", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const build = (options: NodeHttp2.ServeOptions) => Effect.flip(Layer.build(NodeHttp2.layerServer(options)))
      expect(yield* build({ host, port: address.port })).toMatchObject({ reason: "Listen" })
      expect(yield* build({ host, maxFrameSize: 1 })).toMatchObject({ origin: "User", reason: "Usage" })
    })
  )
})

describe("a client in the context", () => {
  live("of NodeHttp2.layerClient, whose options may be undefined", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const options = { authority: undefined, scheme: undefined, isAuthoritative: undefined }
      expect(yield* Effect.provide(text, NodeHttp2.layerClient(`http://${host}:${address.port}`, options))).toBe("/you")
      const error = yield* Effect.flip(Effect.provide(text, NodeHttp2.layerClient("ftp://nobody")))
      expect(error).toMatchObject({ reason: "InvalidOptions" })
    })
  )

  live("over NodeTransport.layer", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const transport = NodeTransport.layer({ host, port: address.port })
      const client = Layer.provide(Http2Client.layer({ authority: "example.org" }), transport)
      expect(yield* Effect.provide(text, client)).toBe("/you")
    })
  )
})
