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
import type * as Http from "node:http"
import type * as Https from "node:https"
import type * as Net from "node:net"
import { once } from "../../utils.js"

/** A server with a client of HTTP/1.1 that opens a connection for each request. */
export const layerHttp1With = (options: NodeHttp2Server.Options) =>
  HttpServer.layerTestClient.pipe(
    Layer.provide(NodeHttpClient.layerWithoutAgent),
    Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: false })),
    Layer.provideMerge(NodeHttp2Server.layer(options))
  )

const layerHttp1 = layerHttp1With({})

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

/** A raw connection: what it received so far, and to its end. */
export const raw = (socket: Net.Socket) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let received = Buffer.alloc(0)
      socket.on("error", () => {})
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk])
      })
      const until = (text: string) =>
        Effect.async<string>((resume) => {
          const look = () => {
            if (!received.includes(text)) return
            socket.off("data", look)
            resume(Effect.succeed(received.toString("latin1")))
          }
          socket.on("data", look)
          look()
        })
      return { socket, until, ended: Effect.map(once(socket, "close"), () => received.toString("latin1")) }
    }),
    () => Effect.sync(() => socket.destroy())
  )

/** The text that a request of HTTP/1.1 is answered with. */
export const get = (
  options: Https.RequestOptions & { readonly ALPNProtocols?: Array<string> },
  client: typeof Http | typeof Https
) =>
  Effect.async<string>((resume) => {
    client.get(options, (response) => {
      let text = ""
      response.on("data", (chunk: Buffer) => (text += chunk.toString()))
      response.on("end", () => resume(Effect.succeed(text)))
    })
  })
