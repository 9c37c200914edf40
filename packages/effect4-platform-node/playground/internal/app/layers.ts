/** The layers that the sample application runs with: ours, and those of `@effect/platform-node`. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import type { Certificate } from "@effect-http2/cli/selfSigned"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import { createServer } from "node:https"

export interface Options {
  readonly host: string
  readonly port: number
  readonly certificate: Certificate
}

export type Server = ReturnType<typeof NodeHttp2Server.layer>

/** A server, and a client that trusts its certificate. */
export interface Layers {
  readonly server: (options: Options) => Server
  readonly client: (certificate: Certificate) => Layer.Layer<HttpClient.HttpClient>
}

export const nodeHttp2: Layers = {
  server: ({ certificate, host, port }) => NodeHttp2Server.layer({ host, port, tls: certificate }),
  client: ({ cert }) => NodeHttp2Client.layer({ tls: { ca: cert } })
}

export const nodeHttp: Layers = {
  server: ({ certificate, host, port }) => NodeHttpServer.layer(() => createServer(certificate), { host, port }),
  client: ({ cert }) => NodeHttpClient.layerUndiciOptions({ connect: { ca: cert } })
}
