/**
 * Server push from a platform application: its router answers what it promises, and where the client does not take it nothing happens.
 */
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { port, protocols, text } from "./support/harness.js"

const app = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/",
    Effect.map(
      Effect.all([
        NodeHttp2Server.push("/assets/style.css?v=1", { headers: { accept: "text/css" } }),
        NodeHttp2Server.push("/nowhere", { method: "HEAD" })
      ]),
      (outcomes) => HttpServerResponse.text(outcomes.join())
    )
  ),
  HttpRouter.get(
    "/misuse",
    Effect.match(NodeHttp2Server.push("style.css"), {
      onFailure: (error) => HttpServerResponse.text(`${error._tag} ${error.origin}`),
      onSuccess: (outcome) => HttpServerResponse.text(String(outcome))
    })
  ),
  HttpRouter.mount(
    "/assets",
    HttpRouter.empty.pipe(
      HttpRouter.get(
        "/style.css",
        Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
          HttpServerResponse.text(`${request.originalUrl} ${request.headers["accept"]} ${request.headers["host"]}`)
        )
      )
    )
  )
)

const read = (push: Http2Push.Push) =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* push.response
      return [push.method, push.path, response.status, yield* response.text()] as const
    })
  )

describe("NodeHttp2Server.push", () => {
  it.scopedLive("is answered by the router", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const authority = `127.0.0.1:${yield* port}`
      const client = yield* NodeHttp2.connect(`http://${authority}`, { enablePush: true })
      const pushes = yield* Effect.fork(
        client.pushes.pipe(Stream.take(2), Stream.mapEffect(read, { concurrency: 2 }), Stream.runCollect)
      )
      expect((yield* client.collect({ path: "/" })).text).toBe("true,true")
      expect([...(yield* Fiber.join(pushes))]).toEqual([
        ["GET", "/assets/style.css?v=1", 200, `/assets/style.css?v=1 text/css ${authority}`],
        ["HEAD", "/nowhere", 404, ""]
      ])
      expect((yield* client.collect({ path: "/misuse" })).text).toBe("Http2StreamError User")
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  for (const { layer, protocol } of protocols) {
    it.scopedLive(`does nothing for the HttpClient, which takes none, over ${protocol}`, () =>
      Effect.gen(function* () {
        yield* HttpServer.serveEffect(app)
        expect(yield* text("/")).toBe("false,false")
        expect(yield* text("/misuse")).toBe("false")
        expect((yield* HttpClient.get("/assets/style.css")).status).toBe(200)
      }).pipe(Effect.provide(layer))
    )
  }
})
