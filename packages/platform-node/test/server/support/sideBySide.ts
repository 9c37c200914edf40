/**
 * The stock server and ours, to run the same program on: what an application meets at one it meets at the other.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { protocols } from "./harness.js"

export const servers = [
  { server: "NodeHttpServer", layer: NodeHttpServer.layerTest },
  ...protocols.map(({ layer, protocol }) => ({ server: `NodeHttp2Server over ${protocol}`, layer }))
] as const
