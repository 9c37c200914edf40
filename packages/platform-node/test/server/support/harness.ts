/**
 * What the tests of the server share: the same application asked over HTTP/2 and over HTTP/1.1, at the same kind of port.
 */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A server with a client of HTTP/1.1 that opens a connection for each request. */
const layerHttp1 = HttpServer.layerTestClient.pipe(
  Layer.provide(NodeHttpClient.layerWithoutAgent),
  Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: false })),
  Layer.provideMerge(NodeHttp2Server.layer())
)

export const protocols = [
  { protocol: "HTTP/2", layer: NodeHttp2Server.layerTest },
  { protocol: "HTTP/1.1", layer: layerHttp1 }
] as const

/** A server with options of its own, and a client of HTTP/2 for it. */
export const layerWith = (options: NodeHttp2Server.Options) =>
  HttpServer.layerTestClient.pipe(
    Layer.provide(NodeHttp2Client.layer({ priorKnowledge: true })),
    Layer.provideMerge(NodeHttp2Server.layer(options))
  )

/** The port of the server at hand. */
export const port = Effect.map(HttpServer.HttpServer, ({ address }) => {
  if (address._tag === "UnixAddress") throw new Error("not a TCP address")
  return address.port
})

export const text = (path: string) => Effect.flatMap(HttpClient.get(path), (response) => response.text)
