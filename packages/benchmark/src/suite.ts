/** What there is to measure, as sections of contenders; and how a section becomes a table. Called by `main.ts` alone. */
import * as ClientBenchmark from "./clientBenchmark.js"
import type { Files } from "./files.js"
import * as HpackBenchmark from "./hpackBenchmark.js"
import * as H2load from "./load/h2load.js"
import type { Load } from "./load/load.js"
import * as OurLoad from "./load/ourLoad.js"
import { alternate } from "./measure.js"
import type { Contender, Row } from "./measure.js"
import { isWanted } from "./options.js"
import type { Options } from "./options.js"
import * as ServerBenchmark from "./serverBenchmark.js"
import * as Servers from "./servers/index.js"
import type { Peer } from "./servers/peer.js"
import * as Table from "./table.js"
import { clientWorkloads, serverWorkloads, settings } from "./workloads.js"
import type { Workload } from "./workloads.js"

/** Contenders that are compared under one workload. */
export interface Section {
  readonly id: string
  readonly table: Table.TableOptions
  readonly contenders: ReadonlyArray<Contender>
}

/** What a section came to. */
export interface Result {
  readonly id: string
  readonly table: Table.TableOptions
  readonly rows: ReadonlyArray<Row>
}

export const workloadIds: ReadonlyArray<string> = [
  ...serverWorkloads,
  ...clientWorkloads,
  ...HpackBenchmark.hpackWorkloads
].map(({ id }) => id)

export const serverIds: ReadonlyArray<string> = [...Servers.peers, ...Servers.platformPeers].map(({ id }) => id)

const chooseLoad = (options: Options, files: Files): { readonly load: Load; readonly name: string } =>
  !options.ownLoad && H2load.isInstalled()
    ? { load: H2load.run, name: "h2load" }
    : { load: OurLoad.run(files, options.nodeFlags), name: "OUR OWN CLIENT, which may be the limit" }

/** What our own load cannot do of it. */
const beyondOurLoad = (peer: Peer, workload: Workload): string | undefined => {
  if (peer.http1) return "our load speaks HTTP/2 only"
  return workload.varied ? "our load asks for one path" : undefined
}

const serverSection = (workload: Workload, options: Options, files: Files): Section => {
  const { load, name } = chooseLoad(options, files)
  const notes: Array<string> = []
  const contenders: Array<Contender> = []
  for (const peer of workload.platform ? Servers.platformPeers : Servers.peers) {
    const { id, label } = peer
    if (options.servers !== undefined && !options.servers.includes(id)) continue
    const missing = peer.missing() ?? (load === H2load.run ? undefined : beyondOurLoad(peer, workload))
    if (missing !== undefined) notes.push(`${label} is left out: ${missing}`)
    else if (!peer.tasks.includes(workload.task)) {
      if (peer.omission !== "") notes.push(`${label} is left out: ${peer.omission}`)
    } else contenders.push({ id, label, run: () => ServerBenchmark.run(peer, workload, load, { ...options, files }) })
  }
  return {
    id: workload.id,
    table: {
      title: `${workload.id}: ${workload.title}; load: ${name}`,
      reference: workload.platform ? Servers.PLATFORM_REFERENCE : Servers.REFERENCE,
      referenceLabel: workload.platform ? "HTTP/1.1" : "node:http2",
      unit: "request",
      detail: "fields sent",
      notes
    },
    contenders
  }
}

const clientSection = (workload: Workload, options: Options, files: Files): Section => {
  const clients = workload.platform ? ClientBenchmark.platformClients : ClientBenchmark.clients
  const contenders = clients.map((client) => ({ client, server: ClientBenchmark.server(client.http1) }))
  const servers = new Set(contenders.map(({ server }) => server.label))
  return {
    id: workload.id,
    table: {
      title: `${workload.id}: ${workload.title}; server: ${[...servers].join(", ")}`,
      reference: workload.platform ? ClientBenchmark.PLATFORM_REFERENCE : ClientBenchmark.REFERENCE,
      referenceLabel: workload.platform ? "undici" : "node:http2",
      unit: "request",
      detail: undefined,
      notes: []
    },
    contenders: contenders.map(({ client, server }) => ({
      ...client,
      run: () => ClientBenchmark.run(client, server, workload, { ...options, files })
    }))
  }
}

const hpackSection = (workload: HpackBenchmark.HpackWorkload, options: Options, files: Files): Section => ({
  id: workload.id,
  table: {
    title: `${workload.id}: ${workload.title}`,
    reference: HpackBenchmark.REFERENCE,
    referenceLabel: "hpack.js",
    unit: "block",
    detail: "octets/block",
    notes: []
  },
  contenders: HpackBenchmark.implementations.map(({ id, implementation, label }) => ({
    id,
    label,
    run: () => HpackBenchmark.run(implementation, workload, { ...options, files })
  }))
})

/** The sections that were asked for, in the order of printing. */
export const plan = (options: Options, files: Files): ReadonlyArray<Section> => {
  const wanted = (workload: Workload): boolean =>
    isWanted(options.only, workload.id) &&
    !(workload.tls && options.plainOnly) &&
    (workload.quick || !options.quick || options.only !== undefined)
  return [
    ...serverWorkloads.filter(wanted).map((workload) => serverSection(workload, options, files)),
    ...clientWorkloads.filter(wanted).map((workload) => clientSection(workload, options, files)),
    ...HpackBenchmark.hpackWorkloads
      .filter(({ id }) => isWanted(options.only, id))
      .map((workload) => hpackSection(workload, options, files))
  ].filter(({ contenders }) => contenders.length > 0)
}

/** How the figures come about, in a few lines for the head of the output. */
export const describe = (options: Options): string =>
  [
    `flags of node: ${options.nodeFlags.join(" ") || "none"}`,
    `runs: ${options.rounds} of each, alternating, median; ${options.warmupMillis} ms of warm-up, ${options.durationMillis} ms measured; a new process for each`,
    `settings: ${settings.maxConcurrentStreams} streams, windows ${settings.initialWindowSize} and ${settings.connectionWindowSize} (nghttpd, h2load: one less), TLS 1.3 with ${settings.cipher}`,
    "columns: rate; its ratio; spread of the runs; CPU time of the tested process, how many times less than the reference, its share of a core; peak memory"
  ].join("\n")

/** Measures a section, telling on standard error how far it is where that is a terminal. */
export const measure = async ({ contenders, id, table }: Section, rounds: number): Promise<Result> => {
  const clear = "\r\u001b[K"
  const tell = (text: string): void => void (process.stderr.isTTY && process.stderr.write(text))
  const rows = await alternate(contenders, rounds, (contender, round) =>
    tell(`${clear}${id} ${round + 1}/${rounds} ${contender.label}`)
  )
  tell(clear)
  return { id, table, rows }
}

/** The table of a result. */
export const render = ({ rows, table }: Result): string => Table.render(rows, table)
