/** Program: `NodeHttp2Client`, with prior knowledge, on one connection. */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import { settings } from "../workloads.js"
import * as Platform from "./platform.js"

const { connectionWindowSize, initialWindowSize } = settings

await Platform.main(
  NodeHttp2Client.layer({
    priorKnowledge: true,
    pool: { maxConnections: 1 },
    http2: { initialWindowSize, connectionWindowSize }
  })
)
