/** All servers, in the order of the tables. */
import { nghttpd } from "./nghttpd.js"
import { nginx } from "./nginx.js"
import * as NodeServer from "./nodeServer.js"
import type { Peer } from "./peer.js"

/** The id of the server that the others are compared with. */
export const REFERENCE = "node-stream"

export const peers: ReadonlyArray<Peer> = [
  NodeServer.make({ id: "ours", label: "ours", program: "ours" }),
  NodeServer.make({
    id: "ours-gen",
    label: "ours (Effect.gen)",
    program: "ours",
    variant: "gen",
    tasks: ["hello"]
  }),
  NodeServer.make({ id: REFERENCE, label: "node:http2 stream", program: "nodeHttp2Stream" }),
  NodeServer.make({ id: "node-compat", label: "node:http2 compat", program: "nodeHttp2Compat" }),
  NodeServer.make({ id: "effect-http1", label: "Effect HTTP/1.1", program: "effectHttp1", http1: true }),
  nghttpd,
  nginx
]
