/** Measures one server under one workload, once: a new process, a probe, a warm-up, the measured time. */
import { pinning } from "./children.js"
import { requestFields } from "./fields.js"
import type { Files } from "./files.js"
import type { Load } from "./load/load.js"
import type { Sample } from "./measure.js"
import * as Probe from "./probe.js"
import * as ProcessStats from "./processStats.js"
import type { Peer } from "./servers/peer.js"
import { path, responseSize, settings, variedPaths } from "./workloads.js"
import type { Workload } from "./workloads.js"

/** What is the same for all runs. */
export interface RunOptions {
  readonly files: Files
  readonly nodeFlags: ReadonlyArray<string>
  readonly warmupMillis: number
  readonly durationMillis: number
}

/** Less CPU time than this, in microseconds, cannot be told from the steps in which the system counts it. */
const LEAST_CPU = 30_000

interface Reading {
  readonly cpu: number | undefined
  readonly core: number | undefined
  readonly clock: number
}

const difference = (end: number | undefined, start: number | undefined): number | undefined =>
  end === undefined || start === undefined ? undefined : end - start

/** CPU time and the clock, at the two ends of the measured time. All in microseconds. */
class Meter {
  private first: Reading | undefined
  private last: Reading | undefined

  constructor(private readonly pid: number) {}

  private read(): Reading {
    return {
      cpu: ProcessStats.cpuMicros(this.pid),
      core: pinning === undefined ? undefined : ProcessStats.coreMicros(pinning.tested),
      clock: performance.now() * 1000
    }
  }

  readonly start = (): void => void (this.first = this.read())
  readonly end = (): void => void (this.last = this.read())

  /** What was used in the measured time, for `rate` operations in a second. */
  usage(rate: number): Pick<Sample, "cpuMicros" | "busy" | "foreign"> {
    const { first, last } = this
    const wall = difference(last?.clock, first?.clock)
    const cpu = difference(last?.cpu, first?.cpu)
    if (wall === undefined || cpu === undefined) return { cpuMicros: undefined, busy: undefined, foreign: undefined }
    const core = difference(last?.core, first?.core)
    return {
      cpuMicros: cpu < LEAST_CPU ? undefined : cpu / ((rate * wall) / 1_000_000),
      busy: cpu / wall,
      foreign: core === undefined ? undefined : (core - cpu) / wall
    }
  }
}

/**
 * The shape of the load. Large bodies over HTTP/1.1 get a connection each, as a browser would do it: pipelined over TLS, `node:https`
 * and h2load lose some of them.
 */
const shape = (workload: Workload, http1: boolean): { readonly connections: number; readonly streams: number } => {
  const { connections, streams, task } = workload
  const isLarge = task === "download" || task === "upload"
  return http1 && isLarge ? { connections: connections * streams, streams: 1 } : { connections, streams }
}

/** Runs it. Rejects where a request failed, or less data came than was asked for. */
export const run = async (peer: Peer, workload: Workload, load: Load, options: RunOptions): Promise<Sample> => {
  const { files, nodeFlags } = options
  const server = await peer.start({ task: workload.task, tls: workload.tls, files, nodeFlags })
  try {
    const url = `${workload.tls ? "https" : "http"}://127.0.0.1:${server.port}`
    const answer = await Probe.ask(url, workload.task, peer.http1)
    const meter = new Meter(server.child.pid)
    const result = await load({
      url: `${url}${path[workload.task]}`,
      http1: peer.http1,
      ...shape(workload, peer.http1),
      warmupMillis: options.warmupMillis,
      durationMillis: options.durationMillis,
      fields: workload.task === "headers" ? requestFields : [],
      paths: workload.varied ? variedPaths(workload.task) : undefined,
      upload: workload.task === "upload" ? files.upload : undefined,
      onStart: meter.start,
      onEnd: meter.end
    })
    if (server.child.hasEnded())
      throw new Error(`the server ended: ${server.child.errors().slice(-300) || "no message"}`)
    if (result.failed > 0) throw new Error(`${result.failed} of ${result.failed + result.succeeded} requests failed`)
    if (result.succeeded === 0) throw new Error("no request succeeded")
    if (result.cipher !== undefined && result.cipher !== settings.cipher) throw new Error(`uses ${result.cipher}`)
    if (!(result.octets >= 0.9 * result.succeeded * responseSize(workload.task))) throw new Error("bodies are missing")
    return {
      rate: result.rate,
      ...meter.usage(result.rate),
      peakBytes: ProcessStats.peakBytes(server.child.pid),
      detail: Probe.describe(answer)
    }
  } finally {
    await server.child.stop()
  }
}
