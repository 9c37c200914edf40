/** Measures one client under one workload, once. The server is nghttpd, or ours where that is not installed, on the other core. */
import { fileURLToPath } from "node:url"
import type { Sample } from "./measure.js"
import { runProgram } from "./programs.js"
import { nghttpd } from "./servers/nghttpd.js"
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
}

/** The id of the client that the others are compared with. */
export const REFERENCE = "node-client"

export const clients: ReadonlyArray<ClientPeer> = [
  { id: "our-client", label: "ours (collect)", program: "ours" },
  { id: "our-client-scoped", label: "ours (request in a scope)", program: "oursScoped" },
  { id: REFERENCE, label: "node:http2", program: "nodeHttp2" },
  { id: "undici", label: "undici", program: "undici" }
]

/** The server of the client benchmarks. */
export const server = (): Peer =>
  nghttpd.missing() === undefined ? nghttpd : NodeServer.make({ id: "ours", label: "our server", program: "ours" })

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
