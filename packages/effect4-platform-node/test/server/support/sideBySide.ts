/** The stock server and ours, over each protocol, to run the same application on: what an application meets at one it meets at the other. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Http from "node:http"

/** Clients that give octets as they came. */
const http1Client = NodeHttp2Client.layer()
const http2Client = NodeHttp2Client.layer({ priorKnowledge: true })

const ours = NodeHttp2Server.layer()

/** Each a server at a free port, with a client that has its URL in front of what is asked for. */
export const servers = [
  {
    server: "NodeHttpServer",
    layer: HttpServer.layerTestClient.pipe(
      Layer.provide(http1Client),
      Layer.provideMerge(NodeHttpServer.layer(Http.createServer, { port: 0 }))
    )
  },
  {
    server: "NodeHttp2Server over HTTP/2",
    layer: HttpServer.layerTestClient.pipe(Layer.provide(http2Client), Layer.provideMerge(ours))
  },
  {
    server: "NodeHttp2Server over HTTP/1.1",
    layer: HttpServer.layerTestClient.pipe(Layer.provide(http1Client), Layer.provideMerge(ours))
  }
] as const

export type Services = Layer.Success<(typeof servers)[number]["layer"]>
