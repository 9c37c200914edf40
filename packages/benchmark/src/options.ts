/** The command line. */
import { parseArgs } from "node:util"

/** What was asked for. */
export interface Options {
  readonly rounds: number
  readonly warmupMillis: number
  readonly durationMillis: number
  readonly quick: boolean
  readonly plainOnly: boolean
  /** Ids of workloads, or what they begin with; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined
  /** Ids of servers; undefined for all. */
  readonly servers: ReadonlyArray<string> | undefined
  readonly nodeFlags: ReadonlyArray<string>
  /** The program of Node that everything runs on; undefined for the one that runs this. */
  readonly node: string | undefined
  readonly ownLoad: boolean
  readonly json: string | undefined
  readonly help: boolean
}

export const usage = `npm run bench -- [options]

  --quick              one short round of the workloads that a smoke run needs
  --rounds N           runs of each (5; --quick: 1)
  --duration MS        measured time of a run (700; --quick: 250)
  --warmup MS          time before it, under the same load (900; --quick: 150)
  --only a,b           workloads whose id is a or b, or begins with "a-" or "b-" (client, platform, hpack)
  --servers a,b        servers by id; ratios need node-stream, platform-http1
  --plain-only         no TLS
  --node-flags "..."   flags of Node for every process that runs on it
  --node PATH          the program of Node that everything runs on (the one that runs this)
  --own-load           load by our own client although h2load is installed
  --json FILE          everything that was measured, in JSON
  --help               this, and the ids
`

const list = (text: string | undefined): ReadonlyArray<string> | undefined =>
  text?.split(",").flatMap((each) => (each.trim() === "" ? [] : [each.trim()]))

const positive = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes an integer of 1 or more, not ${text}`)
  return value
}

/** Reads the command line. Throws for what it does not know. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      duration: { type: "string" },
      warmup: { type: "string" },
      only: { type: "string" },
      servers: { type: "string" },
      "plain-only": { type: "boolean", default: false },
      "node-flags": { type: "string" },
      node: { type: "string" },
      "own-load": { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false }
    }
  })
  return {
    quick: values.quick,
    rounds: positive("rounds", values.rounds, values.quick ? 1 : 5),
    durationMillis: positive("duration", values.duration, values.quick ? 250 : 700),
    warmupMillis: positive("warmup", values.warmup, values.quick ? 150 : 900),
    only: list(values.only),
    servers: list(values.servers),
    plainOnly: values["plain-only"],
    nodeFlags: values["node-flags"]?.split(/\s+/).filter((flag) => flag !== "") ?? [],
    node: values.node,
    ownLoad: values["own-load"],
    json: values.json,
    help: values.help
  }
}

/** Whether a workload or a server is among those asked for. */
export const isWanted = (wanted: ReadonlyArray<string> | undefined, id: string): boolean =>
  wanted === undefined || wanted.some((each) => id === each || id.startsWith(`${each}-`))
