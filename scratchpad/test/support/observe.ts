/** What can be seen of the playground's process from outside: its counters, sockets and memory. */
import { readdirSync, readlinkSync } from "node:fs"
import { connect, json } from "./http2Peer.js"
import type { Playground } from "./programs.js"

const MiB = 1024 * 1024

export interface Stats {
  readonly connections: number
  readonly activeStreams: number
  readonly activeHandlers: number
  readonly handlersInterrupted: number
  readonly requests: number
  readonly resetsSent: number
  readonly resetsReceived: number
  readonly heapUsed: number
}

/** The counters, asked for on a connection of its own, which they contain. */
export const stats = async (server: Playground): Promise<Stats> => {
  const session = await connect(server.http)
  try {
    return (await json(session, "/stats")) as Stats
  } finally {
    session.destroy()
  }
}

/** Looks again until what is seen is right: for events that nothing but a counter tells of. Fails with what it saw last. */
const poll = async <A>(look: () => A | Promise<A>, isRight: (seen: A) => boolean): Promise<void> => {
  const deadline = performance.now() + 20_000
  for (;;) {
    const seen = await look()
    if (isRight(seen)) return
    if (performance.now() > deadline) throw new Error(`it stays at ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits for an event at the server. */
export const until = (server: Playground, seen: (stats: Stats) => boolean): Promise<void> =>
  poll(() => stats(server), seen)

/** Sockets that the process has open; undefined where the system does not tell. */
export const socketsOf = (server: Playground): number | undefined => {
  const folder = `/proc/${server.process.pid}/fd`
  try {
    return readdirSync(folder).filter((name) => {
      try {
        return readlinkSync(`${folder}/${name}`).startsWith("socket:")
      } catch {
        return false
      }
    }).length
  } catch {
    return undefined
  }
}

/** Waits until nothing is left but the question itself, and then no socket more than `sockets`. */
export const settled = async (server: Playground, sockets: number | undefined): Promise<void> => {
  await until(
    server,
    ({ activeHandlers, activeStreams, connections }) => connections === 1 && activeStreams === 1 && activeHandlers === 1
  )
  await poll(
    () => socketsOf(server),
    (seen) => seen === sockets
  )
}

export const toMiB = (octets: number): number => octets / MiB

/** For Node's command line: `heapUsed` is then what is left behind a collection, whenever it is asked for. */
export const collectBeforeMeasuring: ReadonlyArray<string> = [
  "--expose-gc",
  "--import",
  `data:text/javascript,${encodeURIComponent(
    "const usage = process.memoryUsage; process.memoryUsage = () => { gc(); gc(); return usage() }"
  )}`
]
