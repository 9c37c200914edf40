/** All servers, in the order of the tables. */
import { platformTasks, type Task } from "../workloads.js"
import { nghttpd } from "./nghttpd.js"
import { nginx } from "./nginx.js"
import * as NodeServer from "./nodeServer.js"
import type { Peer } from "./peer.js"

/** The id of the server that the others are compared with. */
export const REFERENCE = "node-stream"

/** The id of the platform's server that its others are compared with. */
export const PLATFORM_REFERENCE = "platform-http1"

/** Why Effect 4 does not run here: what its package of the platform says in `engines`. */
const missesEffect4 = (): string | undefined => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major > 22 || (major === 22 && minor >= 19) ? undefined : "Effect 4 takes Node 22.19 or later"
}

/** Our server on Effect 4. Its program stands where that Effect is installed. */
const effect4 = (options: {
  readonly id: string
  readonly label: string
  readonly variant: string
  readonly tasks?: ReadonlyArray<Task>
}): Peer =>
  NodeServer.make({
    ...options,
    program: "../../../effect4-platform-node/benchmark/dist/ours",
    missing: missesEffect4
  })

export const peers: ReadonlyArray<Peer> = [
  NodeServer.make({ id: "ours", label: "ours", program: "ours" }),
  NodeServer.make({
    id: "ours-gen",
    label: "ours (Effect.gen)",
    program: "ours",
    variant: "gen",
    tasks: ["hello"]
  }),
  effect4({ id: "ours-effect4", label: "ours, Effect 4", variant: "plain" }),
  effect4({ id: "ours-effect4-gen", label: "ours, Effect 4 (Effect.gen)", variant: "gen", tasks: ["hello"] }),
  NodeServer.make({ id: REFERENCE, label: "node:http2 stream", program: "nodeHttp2Stream" }),
  NodeServer.make({ id: "node-compat", label: "node:http2 compat", program: "nodeHttp2Compat" }),
  NodeServer.make({ id: "effect-http1", label: "Effect HTTP/1.1", program: "effectHttp1", http1: true }),
  nghttpd,
  nginx
]

const platform = (options: {
  readonly id: string
  readonly label: string
  readonly variant: string
  readonly http1?: boolean
}): Peer => NodeServer.make({ ...options, program: "platform", tasks: platformTasks })

/** The servers of `@effect/platform`, with the same application. */
export const platformPeers: ReadonlyArray<Peer> = [
  platform({ id: "platform-ours", label: "NodeHttp2Server", variant: "ours" }),
  platform({ id: PLATFORM_REFERENCE, label: "NodeHttpServer, HTTP/1.1", variant: "http1", http1: true }),
  platform({ id: "platform-node-http2", label: "NodeHttpServer, node:http2", variant: "node-http2" })
]
