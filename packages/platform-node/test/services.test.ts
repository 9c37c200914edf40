/** The services of http2 over sockets: `NodeHttp2.layerServer`, `NodeHttp2.layerClient`, and `Http2Client.layer` over `NodeTransport.layer`. */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { expect } from "vitest"

class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}

const serve = NodeHttp2.serve(
  (request) => Effect.succeed(Http2ServerResponse.text(`${request.authority}${request.path}`)),
  { host: "127.0.0.1" }
)

const ask = Effect.map(Http2Client.collect({ path: "/you" }), ({ text }) => text)

describe("a server in the context", () => {
  it.scopedLive("of NodeHttp2.layerServer: who connects before it is served waits, its end drains", () =>
    Effect.gen(function* () {
      const server = Context.get(
        yield* Layer.build(NodeHttp2.layerServer({ host: "127.0.0.1", gracefulShutdownTimeout: "10 seconds" })),
        Http2Server.Http2Server
      )
      const url = `http://127.0.0.1:${server.address?.port}`
      const { connection, ...client } = yield* NodeHttp2.connect(url)
      const early = yield* Effect.fork(client.collect({ path: "/early" }))
      const started = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const handler = (request: Http2ServerRequest.Http2ServerRequest) =>
        Effect.map(
          request.path === "/slow"
            ? Greeting.pipe(
                Effect.tap(() => Deferred.succeed(started, undefined)),
                Effect.zipLeft(Deferred.await(gate))
              )
            : Greeting,
          (greeting) => Http2ServerResponse.text(`${greeting} ${request.path}`)
        )
      const scope = yield* Scope.make()
      yield* Http2Server.serveEffect(handler).pipe(
        Effect.provideService(Http2Server.Http2Server, server),
        Effect.provideService(Greeting, "Hello"),
        Scope.extend(scope)
      )
      expect((yield* Fiber.join(early)).text).toBe("Hello /early")
      const slow = yield* Effect.fork(client.collect({ path: "/slow" }))
      yield* Deferred.await(started)
      const ended = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Deferred.succeed(gate, undefined)
      expect((yield* Fiber.join(slow)).text).toBe("Hello /slow")
      yield* Fiber.join(ended)
      yield* connection.awaitClosed
      // Nobody is served any more, and the port is still there.
      const again = yield* NodeHttp2.connect(url)
      expect(yield* Effect.flip(again.collect({}))).toMatchObject({ processed: expect.any(String) as unknown })
    })
  )

  it.scopedLive("Http2Server.serve over it, and what cannot be served fails the layer", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const build = (options: NodeHttp2.ServeOptions) => Effect.flip(Layer.build(NodeHttp2.layerServer(options)))
      expect(yield* build({ host: "127.0.0.1", port: address.port })).toMatchObject({ reason: "Listen" })
      expect(yield* build({ host: "127.0.0.1", maxFrameSize: 1 })).toMatchObject({ origin: "User", reason: "Usage" })
      const layer = Http2Server.serve(() => Effect.succeed(Http2ServerResponse.text("Hello"))).pipe(
        Layer.provideMerge(NodeHttp2.layerServer({ host: "127.0.0.1" }))
      )
      const { address: at } = Context.get(yield* Layer.build(layer), Http2Server.Http2Server)
      const answer = Effect.map(Http2Client.collect({}), ({ text }) => text)
      expect(yield* Effect.provide(answer, NodeHttp2.layerClient(`http://127.0.0.1:${at?.port}`))).toBe("Hello")
    })
  )
})

describe("a client in the context", () => {
  it.scopedLive("of NodeHttp2.layerClient, whose options may be undefined", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const url = `http://127.0.0.1:${address.port}`
      const options = { authority: undefined, scheme: undefined, isAuthoritative: undefined }
      expect(yield* Effect.provide(ask, NodeHttp2.layerClient(url, options))).toBe(`127.0.0.1:${address.port}/you`)
      const error = yield* Effect.flip(Effect.provide(ask, NodeHttp2.layerClient("ftp://nobody")))
      expect(error).toMatchObject({ reason: "InvalidOptions" })
    })
  )

  it.scopedLive("over NodeTransport.layer", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const transport = NodeTransport.layer({ host: "127.0.0.1", port: address.port })
      const client = Layer.provide(Http2Client.layer({ authority: "test" }), transport)
      expect(yield* Effect.provide(ask, client)).toBe("test/you")
    })
  )
})
