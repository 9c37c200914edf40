/** The API as services: a client and a server over the `Transport` in the context, guards, and what pipes. */
import * as FlowControl from "@effect-http2/http2/FlowControl"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import * as Http2Connection from "@effect-http2/http2/Http2Connection"
import * as Http2IncomingMessage from "@effect-http2/http2/Http2IncomingMessage"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Stream from "@effect-http2/http2/Http2Stream"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import * as Transport from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { expect } from "vitest"

class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}

describe("services", () => {
  it.scoped("a client and a server over the Transport of the context, whose handler has what it needs", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const seen: Array<boolean> = []
      const handler = (request: Http2ServerRequest.Http2ServerRequest) =>
        Effect.map(Greeting, (greeting) => {
          seen.push(
            Http2ServerRequest.isHttp2ServerRequest(request),
            Http2IncomingMessage.isHttp2IncomingMessage(request),
            Http2Stream.isHttp2Stream(request.stream),
            Http2ClientResponse.isHttp2ClientResponse(request)
          )
          return Http2ServerResponse.text(`${greeting} ${request.path}`).pipe(
            Http2ServerResponse.setStatus(201),
            Http2ServerResponse.setHeader("X-Test", "yes"),
            Http2ServerResponse.setHeader("content-type", "text/html")
          )
        })
      const server = Http2Server.serve(handler).pipe(
        Layer.provide(Http2Server.layer({ sendDate: false })),
        Layer.provide(Layer.succeed(Transport.Transport, far)),
        Layer.provide(Layer.succeed(Greeting, "Hello"))
      )
      const client = Http2Client.layer({ authority: "test" }).pipe(
        Layer.provide(Layer.succeed(Transport.Transport, near))
      )
      yield* Effect.gen(function* () {
        const { headers, status, text } = yield* Http2Client.collect({ path: "/you" })
        expect([status, text]).toEqual([201, "Hello /you"])
        expect(headers.toJSON()).toEqual({ "content-type": "text/html", "content-length": "10", "x-test": "yes" })
        const response = yield* Http2Client.request({ path: "/again" })
        const http = yield* Http2Client.Http2Client
        expect([Http2ClientResponse.isHttp2ClientResponse(response), Http2Client.isHttp2Client(http)]).toEqual([
          true,
          true
        ])
        expect([Http2Connection.isHttp2Connection(http.connection), Http2Client.isHttp2Client({})]).toEqual([
          true,
          false
        ])
        yield* FlowControl.awaitAvailable(1)(response.stream.sendWindow)
      }).pipe(Effect.provide(Layer.mergeAll(client, server)))
      expect(seen.slice(0, 4)).toEqual([true, true, true, false])
    })
  )

  it.scoped("the options of a layer fail it, before anything is served", () =>
    Effect.gen(function* () {
      const [near] = yield* MemoryTransport.make()
      const over = Layer.provide(Layer.succeed(Transport.Transport, near))
      for (const layer of [
        over(Http2Server.layer({ maxFrameSize: 1 })),
        over(Http2Server.layer({ origins: ["no origin"] }))
      ]) {
        expect(yield* Effect.flip(Layer.build(layer))).toMatchObject({ origin: "User", reason: "Usage" })
      }
      expect(yield* Effect.flip(Layer.build(over(Http2Client.layer({ maxFrameSize: 1 }))))).toMatchObject({
        reason: "Usage"
      })
    })
  )

  it.scoped("a transport is served once", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const context = yield* Layer.build(Layer.provide(Http2Server.layer(), Layer.succeed(Transport.Transport, far)))
      const server = Context.get(context, Http2Server.Http2Server)
      expect([Http2Server.isHttp2Server(server), Http2Server.isHttp2Server(far)]).toEqual([true, false])
      const handler = () => Effect.succeed(Http2ServerResponse.empty())
      yield* server.serve(handler)
      const again = yield* Effect.exit(server.serve(handler))
      expect(Exit.isFailure(again) && Cause.isDie(again.cause)).toBe(true)
      // The end does not wait for a peer that says nothing.
      yield* near.close
    })
  )
})

describe("Http2ServerResponse", () => {
  it.effect("json fails with what cannot be JSON, unsafeJson throws it", () =>
    Effect.gen(function* () {
      expect((yield* Http2ServerResponse.json({ a: 1 })).headers.get("content-length")).toBe("7")
      const error = yield* Effect.flip(Http2ServerResponse.json(1n))
      expect(error).toMatchObject({ _tag: "UnknownException", error: expect.any(TypeError) as unknown })
      expect(() => Http2ServerResponse.unsafeJson(1n)).toThrow(TypeError)
    })
  )

  it("tells its own from what looks the same", () => {
    const response = Http2ServerResponse.empty()
    expect(Http2ServerResponse.isHttp2ServerResponse(response)).toBe(true)
    expect(Http2ServerResponse.isHttp2ServerResponse({ ...response })).toBe(false)
  })
})
