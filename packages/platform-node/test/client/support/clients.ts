/** The clients that programs are run with, side by side: those of `@effect/platform-node` and ours. */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Layer from "effect/Layer"

export interface Client {
  readonly name: string
  readonly isOurs: boolean
  readonly layer: () => Layer.Layer<HttpClient.HttpClient>
}

export const ours: Client = { name: "NodeHttp2Client.layer", isOurs: true, layer: () => NodeHttp2Client.layer() }

export const nodeHttp: Client = { name: "NodeHttpClient.layer", isOurs: false, layer: () => NodeHttpClient.layer }

export const undici: Client = {
  name: "NodeHttpClient.layerUndici",
  isOurs: false,
  layer: () => NodeHttpClient.layerUndici
}

export const stock: ReadonlyArray<Client> = [nodeHttp, undici]

export const all: ReadonlyArray<Client> = [...stock, ours]
