/** What can be seen of the playground's process from outside: its counters, sockets and memory. */
import { readdirSync, readlinkSync } from "node:fs"
import { expect } from "vitest"
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

/** Waits for an event at the server that only its counters tell of. */
export const until = (server: Playground, seen: (stats: Stats) => boolean): Promise<void> =>
  expect.poll(async () => seen(await stats(server)), { timeout: 20_000, interval: 10 }).toBe(true)

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
  const look = async () => {
    const { activeHandlers, activeStreams, connections } = await stats(server)
    return { connections, activeStreams, activeHandlers }
  }
  const nothing = { connections: 1, activeStreams: 1, activeHandlers: 1 }
  await expect.poll(look, { timeout: 20_000, interval: 20 }).toEqual(nothing)
  await expect.poll(() => socketsOf(server), { timeout: 20_000, interval: 20 }).toBe(sockets)
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
