/**
 * The thread that fuzzes: one target after the other, a second each, until time is up or something is found. Started by main.ts, which watches it.
 */
import { parentPort, workerData } from "node:worker_threads"
import { Finding } from "../finding.js"
import { format, type Input } from "../input/input.js"
import type { Options } from "../options.js"
import { World } from "../world/world.js"
import { Beacon, type Memory } from "./beacon.js"
import { Campaign, type Found } from "./campaign.js"
import { heapUsed } from "./heap.js"
import { minimize } from "./minimize.js"
import { clientConversation, serverConversation } from "./recorded.js"
import { findingOf, replay } from "./replay.js"
import { readSeeds } from "./seeds.js"

export interface Work {
  readonly options: Options
  readonly memory: Memory
}

/** What the fuzzer says. */
export type Message =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "found"; readonly title: string; readonly text: string }
  | { readonly kind: "done" }

/** How long a target has its turn. The decoders are simple and fast, and need less of it. */
const sliceMillis = (name: string): number => (name === "frames" || name === "hpack" ? 250 : 1000)
const reportMillis = 30_000
const minimizeMillis = 60_000
/** Octets that the heap may grow by between two reports, once everything has been used. */
const mostGrowth = 64 * 1_048_576
const recorded = 60

const { memory, options } = workerData as Work
const beacon = new Beacon(memory)
const world = new World()
const startedAt = performance.now()

const say = (message: Message): void => parentPort?.postMessage(message)

/** What nobody waits for and nobody catches is a finding of the input that is running. */
let stray: Finding | undefined = undefined
const onStray = (error: unknown): void => {
  stray ??= new Finding("defect", `nobody caught ${String(error)}`, { cause: error })
}
process.on("unhandledRejection", onStray)
process.on("uncaughtException", onStray)

const onInput = (input: Input): void => beacon.move(format(input))

const campaigns = (): ReadonlyArray<Campaign> => {
  const seeds = readSeeds().map(({ input }) => input)
  return options.targets.map((name) => {
    const kept = seeds.filter(({ target }) => target === name)
    if (name === "server" || name === "client") {
      const conversation = name === "server" ? serverConversation : clientConversation
      for (let i = 0; i < recorded; i++) kept.push(conversation(world, options.seed + i))
    }
    return new Campaign(name, kept, options.seed, onInput)
  })
}

const report = (all: ReadonlyArray<Campaign>, spent: ReadonlyMap<string, number>): void => {
  for (const { count, keptCount, name } of all) {
    const seconds = (spent.get(name) ?? 0) / 1000
    const rate = seconds > 0 ? Math.round(count / seconds) : 0
    say({
      kind: "line",
      line: `${name.padEnd(15)} ${String(count).padStart(9)} inputs ${String(rate).padStart(7)}/s  ${keptCount} kept`
    })
  }
  const heap = Math.round(heapUsed() / 1_048_576)
  say({ kind: "line", line: `${Math.round((performance.now() - startedAt) / 1000)} s, heap ${heap} MiB` })
}

/** The first line. */
const titleOf = ({ message }: Error): string => message.split("\n")[0] ?? ""

const found = ({ finding, input }: Found): void => {
  say({ kind: "line", line: `${input.target}: ${titleOf(finding)}; making it smaller` })
  const isSame = (candidate: Input): boolean => {
    onInput(candidate)
    return findingOf(() => replay(world, candidate))?.kind === finding.kind
  }
  const small = isSame(input) ? minimize(input, isSame, minimizeMillis) : input
  Error.stackTraceLimit = 30
  const last = findingOf(() => replay(world, small)) ?? finding
  const cause = last.cause instanceof Error ? (last.cause.stack ?? "").split("\n") : []
  say({ kind: "found", title: titleOf(last), text: format(small, [last.message, ...cause]) })
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const main = async (): Promise<void> => {
  // Most errors are the engine's answers to what is wrong: nobody reads where they come from.
  Error.stackTraceLimit = 2
  const until = startedAt + options.minutes * 60_000
  const all = campaigns()
  const spent = new Map<string, number>()
  let reportAt = startedAt + reportMillis
  let baseline = Number.POSITIVE_INFINITY
  for (let now = startedAt; now < until;) {
    for (const campaign of all) {
      const began = performance.now()
      const slice = sliceMillis(campaign.name)
      for (now = began; now < until && now - began < slice; now = performance.now()) {
        const what = campaign.step(world)
        if (what !== undefined) return found(what)
      }
      spent.set(campaign.name, (spent.get(campaign.name) ?? 0) + now - began)
      await turn()
      if (stray !== undefined) throw stray
    }
    if (now < reportAt || now >= until) continue
    reportAt += reportMillis
    report(all, spent)
    const heap = heapUsed()
    if (heap > baseline + mostGrowth) throw new Finding("leak", `the heap grew from ${baseline} to ${heap} octets`)
    // The first report is too early: the inputs that are kept are still growing in number.
    if (now - startedAt > 3 * reportMillis) baseline = Math.min(baseline, heap)
  }
  report(all, spent)
  say({ kind: "done" })
}

main().catch((error: unknown) => {
  const title = error instanceof Error ? titleOf(error) : String(error)
  const stack = error instanceof Error ? (error.stack ?? "").replaceAll("\n", "\n# ") : ""
  say({ kind: "found", title, text: `# ${stack}\n${beacon.text}` })
})
