import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2ServerRequest from "@effect-http2/effect4-http2/Http2ServerRequest"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as MemoryTransport from "@effect-http2/effect4-http2/MemoryTransport"
import { Transport } from "@effect-http2/effect4-http2/Transport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { live } from "./support/run.js"

class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}

describe("services", () => {
  live("a server and a client as layers over a transport of the context", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const server = Http2Server.serve((request) =>
        Effect.gen(function* () {
          expect(Http2ServerRequest.isHttp2ServerRequest(request)).toBe(true)
          return Http2ServerResponse.text(`${yield* Greeting}, ${request.path}`)
        })
      ).pipe(Layer.provide(Http2Server.layer()), Layer.provide(Layer.succeed(Transport, far)))
      const client = Http2Client.layer({ authority: "test" }).pipe(Layer.provide(Layer.succeed(Transport, near)))
      const program = Effect.gen(function* () {
        const whole = yield* Http2Client.collect({ path: "/you" })
        const response = yield* Http2Client.request({ path: "/there" })
        return [whole.text, yield* response.text()]
      })
      const texts = yield* program.pipe(
        Effect.provide(Layer.mergeAll(server, client)),
        Effect.provideService(Greeting, "Hello")
      )
      expect(texts).toEqual(["Hello, /you", "Hello, /there"])
    })
  )

  live("a transport is served once, and options are looked at before", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const transport = Layer.succeed(Transport, far)
      const wrong = yield* Effect.flip(Layer.build(Layer.provide(Http2Server.layer({ maxFrameSize: 1 }), transport)))
      expect(wrong).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
      const context = yield* Layer.build(Layer.provide(Http2Server.layer(), transport))
      const server = Context.get(context, Http2Server.Http2Server)
      const hello = () => Effect.succeed(Http2ServerResponse.text("hello"))
      yield* server.serve(hello)
      expect(String(yield* Effect.flip(Effect.sandbox(server.serve(hello))))).toContain("served once")
      yield* near.close
    })
  )

  live("what only looks like a response is told so, and so is what is no Effect", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      yield* Http2Server.make(far, (request) =>
        request.path === "/none"
          ? ("no effect" as never)
          : Effect.succeed({ status: 200, headers: [], body: undefined } as never)
      )
      const client = yield* Http2Client.make(near, { authority: "test" })
      expect((yield* client.collect({ path: "/none" })).status).toBe(500)
      expect((yield* client.collect({ path: "/alike" })).status).toBe(500)
    })
  )
})
