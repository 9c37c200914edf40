/**
 * Priorities (RFC 9218) as a platform application reaches them: what clients say is honoured, a handler can say more, a client's field goes out as it is.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import { request, shake } from "../conformance/support/serverCase.js"
import { port, protocols } from "./support/harness.js"

const { Setting, Type } = Raw

/** Three frames. */
const body = new Uint8Array(3 * 16_384)

/** A large body; at `/background` as urgent as what goes on in the background. */
const app = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.uint8Array(body)),
  HttpRouter.get(
    "/background",
    Effect.as(NodeHttp2Server.setPriority({ urgency: 7 }), HttpServerResponse.uint8Array(body))
  )
)

/** The ids of the streams in the order in which the bodies of `requests` end, of which none could be sent before all were asked for. */
const ends = (...requests: ReadonlyArray<Uint8Array>) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(yield* port)
    yield* shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
    yield* peer.send(...requests)
    let heads = 0
    yield* peer.until("all heads", ({ type }) => type === Type.HEADERS && ++heads === requests.length)
    yield* peer.send(Raw.windowUpdate(0, 10_000_000), Raw.settings([Setting.INITIAL_WINDOW_SIZE, 1_000_000]))
    const ended: Array<number> = []
    yield* peer.until("all bodies", ({ flags, streamId, type }) => {
      if (type === Type.DATA && (flags & Raw.END_STREAM) !== 0) ended.push(streamId)
      return ended.length === requests.length
    })
    return ended
  })

const get = (id: number, path: string, priority?: string) => Raw.headers(id, request({ ":path": path, priority }))

describe("an application over HTTP/2", () => {
  it.scopedLive("sends the bodies in the order of their priorities, without doing anything for it", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      expect(yield* ends(get(1, "/", "u=5"), get(3, "/", "u=1"), get(5, "/", "u=0"))).toEqual([5, 3, 1])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("says how urgent a body is, where the client says something and where it does not", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      expect(yield* ends(get(1, "/background", "u=0"), get(3, "/", "u=6"))).toEqual([3, 1])
      expect(yield* ends(get(1, "/background"), get(3, "/"))).toEqual([3, 1])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})

for (const { layer, protocol } of protocols) {
  describe(`over ${protocol}`, () => {
    it.scopedLive("a client's field goes out as it is; what a handler sets holds for HTTP/2 alone", () =>
      Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const { headers } = yield* HttpServerRequest.HttpServerRequest
          const priority = yield* NodeHttp2Server.setPriority({ incremental: true })
          return HttpServerResponse.unsafeJson([headers["priority"], Option.getOrNull(priority)])
        }).pipe(HttpServer.serveEffect())
        const client = yield* HttpClient.HttpClient
        const response = yield* client.execute(
          HttpClientRequest.get("/").pipe(HttpClientRequest.setHeader("priority", "u=1, x=y"))
        )
        const held = protocol === "HTTP/2" ? { urgency: 1, incremental: true } : null
        expect(yield* response.json).toEqual(["u=1, x=y", held])
      }).pipe(Effect.provide(layer))
    )
  })
}
