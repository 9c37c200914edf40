/** Program: `NodeHttpClient` on `node:http`, with an agent that keeps its connections. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"
import * as Platform from "./platform.js"

await Platform.main(
  NodeHttpClient.layerWithoutAgent.pipe(Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: true })))
)
