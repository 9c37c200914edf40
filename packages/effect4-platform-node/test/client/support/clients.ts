/** The clients that programs are run with, side by side: those of `@effect/platform-node` and ours. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"

export interface Client {
  readonly name: string
  readonly isOurs: boolean
  readonly layer: () => Layer.Layer<HttpClient.HttpClient>
}

export const ours: Client = { name: "NodeHttp2Client.layer", isOurs: true, layer: () => NodeHttp2Client.layer() }

export const nodeHttp: Client = {
  name: "NodeHttpClient.layerNodeHttp",
  isOurs: false,
  layer: () => NodeHttpClient.layerNodeHttp
}

export const undici: Client = {
  name: "NodeHttpClient.layerUndici",
  isOurs: false,
  layer: () => NodeHttpClient.layerUndici
}

/** Its undici asks for Node 22 or later. */
export const hasUndici = Number(process.versions.node.split(".")[0]) >= 22

export const stock: ReadonlyArray<Client> = hasUndici ? [nodeHttp, undici] : [nodeHttp]

export const all: ReadonlyArray<Client> = [...stock, ours]
