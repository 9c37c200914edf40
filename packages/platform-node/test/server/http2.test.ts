/**
 * What HTTP/2 has beyond HTTP/1.1, as a platform application reaches it.
 */
import * as Http2Headers from "@effect-http2/http2/Headers"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { port, protocols } from "./support/harness.js"

const octets = (text: string) => new TextEncoder().encode(text)
const http2 = Effect.flatMap(HttpServerRequest.HttpServerRequest, NodeHttp2Server.toHttp2ServerRequest)
const connect = Effect.flatMap(port, (port) => NodeHttp2.connect(`http://127.0.0.1:${port}`))

describe("a handler over HTTP/2", () => {
  it.scopedLive("reads the trailers of the request and sends its own, whatever the body", () =>
    Effect.gen(function* () {
      const bodies: Record<string, HttpServerResponse.HttpServerResponse> = {
        "/empty": HttpServerResponse.empty({ status: 200 }),
        "/text": HttpServerResponse.text("text"),
        "/stream": HttpServerResponse.stream(Stream.make(octets("text")))
      }
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/*",
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            const { trailers } = yield* http2
            yield* request.text
            const sum = (yield* trailers).get("x-sum") ?? "none"
            const response = bodies[request.url] ?? HttpServerResponse.empty()
            return NodeHttp2Server.withTrailers(response, Effect.succeed({ "x-echo": sum })).pipe(
              HttpServerResponse.setHeader("x-late", "1")
            )
          })
        ),
        HttpServer.serveEffect()
      )
      const client = yield* connect
      for (const path of Object.keys(bodies)) {
        const response = yield* client.request({ method: "POST", path, body: "abc", trailers: { "x-sum": "3" } })
        expect(yield* response.text()).toBe(path === "/empty" ? "" : "text")
        expect((yield* response.trailers).get("x-echo")).toBe("3")
        expect(response.headers.get("x-late")).toBe("1")
      }
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("resets the stream where its trailers fail", () =>
    Effect.gen(function* () {
      yield* NodeHttp2Server.withTrailers(HttpServerResponse.text("text"), Effect.fail("no")).pipe(
        HttpServer.serveEffect()
      )
      const client = yield* connect
      const response = yield* client.request({})
      expect((yield* Effect.flip(response.text()))._tag).toBe("Http2StreamError")
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("sends 103 Early Hints", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.flatMap(http2, (request) =>
            Effect.as(
              request.informational(103, Http2Headers.make({ link: "</style.css>; rel=preload" })),
              HttpServerResponse.text("page")
            )
          )
        ),
        HttpServer.serveEffect()
      )
      const hints: Array<unknown> = []
      const response = yield* HttpClient.get("/").pipe(
        NodeHttp2Client.withInformational((informational) => {
          hints.push(informational.status)
        })
      )
      expect(yield* response.text).toBe("page")
      expect(hints).toEqual([103])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("sees its stream: the id, the reason of a reset", () =>
    Effect.gen(function* () {
      const ids: Array<number> = []
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.map(http2, ({ stream }) => {
            ids.push(stream.id)
            return HttpServerResponse.text(String(stream.isDraining))
          })
        ),
        HttpServer.serveEffect()
      )
      const client = yield* connect
      for (let i = 0; i < 3; i++) expect(yield* (yield* client.request({})).text()).toBe("false")
      expect(ids).toEqual([1, 3, 5])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("is a handler of the engine as well", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      const handler = yield* NodeHttp2Server.makeHandler(
        HttpRouter.empty.pipe(
          HttpRouter.get(
            "/",
            Effect.zipRight(
              Effect.addFinalizer((exit) => Effect.sync(() => closed.push(exit._tag))),
              HttpServerResponse.text("ok")
            )
          )
        )
      )
      const listener = yield* NodeHttp2.serve(handler, { abortFiberId: HttpServerError.clientAbortFiberId })
      const client = yield* NodeHttp2.connect(`http://localhost:${listener.address.port}`)
      expect(yield* (yield* client.request({})).text()).toBe("ok")
      expect((yield* client.request({ path: "/no" })).status).toBe(404)
      expect(closed).toEqual(["Success"])
    })
  )

  it.scopedLive("lets the scope of a streamed response be ejected", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      yield* HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.sync(() => HttpServerResponse.stream(Stream.make(octets("text")))).pipe(
            Effect.tap(Effect.addFinalizer(() => Effect.sync(() => closed.push("closed")))),
            Effect.map(HttpApp.unsafeEjectStreamScope)
          )
        ),
        HttpServer.serveEffect()
      )
      expect(yield* Effect.flatMap(HttpClient.get("/"), (response) => response.text)).toBe("text")
      expect(closed).toEqual(["closed"])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})

describe.each(protocols)("over $protocol", ({ layer, protocol }) => {
  it.scopedLive("a handler can tell which it is, and trailers do no harm", () =>
    Effect.gen(function* () {
      yield* Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
        NodeHttp2Server.withTrailers(
          HttpServerResponse.text(Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "HTTP/2" : "HTTP/1.1"),
          { "x-trailer": "1" }
        )
      ).pipe(HttpServer.serveEffect())
      expect(yield* Effect.flatMap(HttpClient.get("/"), (response) => response.text)).toBe(protocol)
    }).pipe(Effect.provide(layer))
  )
})
