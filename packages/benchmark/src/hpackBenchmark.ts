/** Measures HPACK: one operation of one implementation, once, in a process of its own. */
import { fileURLToPath } from "node:url"
import type { HpackConfig } from "./hpack/program.js"
import type { Sample } from "./measure.js"
import { runProgram } from "./programs.js"
import type { RunOptions } from "./serverBenchmark.js"

/** What is measured of each implementation. */
export interface HpackWorkload {
  readonly id: string
  readonly title: string
  readonly operation: "encode" | "decode"
  readonly table: "warm" | "cold"
}

export const hpackWorkloads: ReadonlyArray<HpackWorkload> = (["encode", "decode"] as const).flatMap((operation) =>
  (["warm", "cold"] as const).map((table) => ({
    id: `hpack-${operation}-${table}`,
    title: `HPACK ${operation}, ${table} table`,
    operation,
    table
  }))
)

/** The id of the implementation that ours is compared with. */
export const REFERENCE = "hpack.js"

export const implementations: ReadonlyArray<{
  readonly id: string
  readonly label: string
  readonly implementation: HpackConfig["implementation"]
}> = [
  { id: "our-hpack", label: "ours", implementation: "ours" },
  { id: REFERENCE, label: "hpack.js", implementation: "hpackJs" }
]

/** Runs it. */
export const run = (
  implementation: HpackConfig["implementation"],
  { operation, table }: HpackWorkload,
  { durationMillis, nodeFlags, warmupMillis }: RunOptions
): Promise<Sample> => {
  const config: HpackConfig = { implementation, operation, table, durationMillis, warmupMillis }
  const file = fileURLToPath(new URL("./hpack/program.js", import.meta.url))
  return runProgram(file, config, { nodeFlags, core: "tested" })
}
