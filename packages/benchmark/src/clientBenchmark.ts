/**
 * Measures one client under one workload, once. The server is on the other core: nghttpd, or ours where that is not installed; nginx, or
 * `node:http` where that is not installed, for clients of HTTP/1.1.
 */
import { fileURLToPath } from "node:url"
import type { Sample } from "./measure.js"
import { runProgram } from "./programs.js"
import { nghttpd } from "./servers/nghttpd.js"
import { nginxHttp1 } from "./servers/nginx.js"
import * as NodeServer from "./servers/nodeServer.js"
import type { Peer } from "./servers/peer.js"
import type { RunOptions } from "./serverBenchmark.js"
import { path, responseSize, settings } from "./workloads.js"
import type { Workload } from "./workloads.js"

/** A client that is measured. */
export interface ClientPeer {
  readonly id: string
  readonly label: string
  readonly program: string
  /** Whether it speaks HTTP/1.1, on a connection for each request. */
  readonly http1: boolean
}

/** The id of the client that the others are compared with. */
export const REFERENCE = "node-client"

/** The id of the platform's client that its others are compared with. */
export const PLATFORM_REFERENCE = "platform-undici"

export const clients: ReadonlyArray<ClientPeer> = [
  { id: "our-client", label: "ours (collect)", program: "ours", http1: false },
  { id: "our-client-scoped", label: "ours (request in a scope)", program: "oursScoped", http1: false },
  { id: REFERENCE, label: "node:http2", program: "nodeHttp2", http1: false },
  { id: "undici", label: "undici", program: "undici", http1: false }
]

/** The clients of `@effect/platform`. `NodeHttpClient.layer` as it is closes every connection behind its response. */
export const platformClients: ReadonlyArray<ClientPeer> = [
  { id: "platform-our-client", label: "NodeHttp2Client", program: "platformOurs", http1: false },
  { id: "platform-node", label: "NodeHttpClient", program: "platformNode", http1: true },
  { id: "platform-node-kept", label: "NodeHttpClient (keepAlive)", program: "platformNodeKept", http1: true },
  { id: PLATFORM_REFERENCE, label: "NodeHttpClient (undici)", program: "platformUndici", http1: true }
]

const otherwise = (peer: Peer, id: string, label: string, program: string): Peer =>
  peer.missing() === undefined ? peer : NodeServer.make({ id, label, program, http1: peer.http1 })

/** The server of the client benchmarks. */
export const server = (http1: boolean): Peer =>
  http1
    ? otherwise(nginxHttp1, "effect-http1", "Effect HTTP/1.1", "effectHttp1")
    : otherwise(nghttpd, "ours", "our server", "ours")

/** Runs it. The cipher is set by a flag of Node, for all clients alike. */
export const run = async (client: ClientPeer, peer: Peer, workload: Workload, options: RunOptions): Promise<Sample> => {
  const { files, nodeFlags } = options
  const running = await peer.start({ task: workload.task, tls: workload.tls, files, nodeFlags })
  try {
    const config = {
      url: `${workload.tls ? "https" : "http"}://127.0.0.1:${running.port}`,
      path: path[workload.task],
      streams: workload.streams,
      expected: responseSize(workload.task),
      warmupMillis: options.warmupMillis,
      durationMillis: options.durationMillis,
      ca: workload.tls ? files.cert : undefined
    }
    const cipher = workload.tls ? [`--tls-cipher-list=${settings.cipher}`] : []
    const file = fileURLToPath(new URL(`./clients/${client.program}.js`, import.meta.url))
    return await runProgram(file, config, { nodeFlags: [...nodeFlags, ...cipher], core: "load" })
  } finally {
    await running.child.stop()
  }
}
