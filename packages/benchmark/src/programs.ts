/** Launcher of the programs of this package that measure themselves and report a line of JSON. */
import * as Children from "./children.js"
import type { Report, Times } from "./clients/meter.js"
import type { Sample } from "./measure.js"

/** How a program is run. */
export interface ProgramOptions {
  readonly nodeFlags: ReadonlyArray<string>
  readonly core: "tested" | "load"
  /** Called as the measured time begins, where the program tells. */
  readonly onStart?: () => void
}

const PATIENCE = 20_000

/** Runs a program to its end. Rejects where it fails, is late, or counted failures or nothing. */
export const runProgram = async (file: string, config: Times, options: ProgramOptions): Promise<Report & Sample> => {
  const child = Children.start(process.execPath, [...options.nodeFlags, file, JSON.stringify(config)], options.core)
  let report: Report | undefined
  child.onLine((line) => {
    const value = JSON.parse(line) as Report | { readonly event: "start" }
    if ("event" in value) options.onStart?.()
    else report = value
  })
  let late = false
  const timer = setTimeout(
    () => {
      late = true
      void child.stop()
    },
    config.warmupMillis + config.durationMillis + PATIENCE
  )
  await child.ended
  clearTimeout(timer)
  if (late) throw new Error("did not end")
  if (report === undefined) {
    const reason =
      child
        .errors()
        .split("\n")
        .find((line) => line.includes("Error")) ?? child.errors().slice(-300)
    throw new Error(`failed: ${reason || "no message"}`)
  }
  if (report.failed > 0) throw new Error(`${report.failed} of ${report.failed + report.succeeded} failed`)
  if (report.succeeded === 0) throw new Error("nothing succeeded")
  return { ...report, foreign: undefined }
}
