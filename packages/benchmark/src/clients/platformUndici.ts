/** Program: `NodeHttpClient` on undici, which keeps its connections. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Platform from "./platform.js"

await Platform.main(NodeHttpClient.layerUndici)
