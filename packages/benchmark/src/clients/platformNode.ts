/** Program: `NodeHttpClient` on `node:http`, as its layer is: a new connection for each request. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Platform from "./platform.js"

await Platform.main(NodeHttpClient.layer)
