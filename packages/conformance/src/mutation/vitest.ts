/** Runs tests by the ids in their titles, in a copy of the repository. Called by the program. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import type { JsonTestResults } from "vitest/reporters"
import { ofReport, type Outcome, titleOf } from "./outcome.js"

/** How long one test may take, and a whole run, in ms. A test that waits for what does not come is over sooner than in a run of all tests. */
const testTimeout = 10_000
const runTimeout = 90_000

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

const vitest = (): string => join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")

/** Ends vitest and its workers, one of which may be in a loop for good. */
const kill = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended meanwhile.
  }
}

/** True where vitest ended by itself. */
const ends = (root: string, args: ReadonlyArray<string>, timeout: number): Promise<boolean> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [vitest(), ...args], {
      cwd: root,
      env: { ...process.env, WITHOUT_PEERS: "1", REQUIRE_PEERS: "" },
      stdio: "ignore",
      detached: true
    })
    const interrupt = (): void => {
      kill(child.pid)
      fail(new Error("interrupted"))
    }
    process.once("SIGINT", interrupt).once("SIGTERM", interrupt)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      kill(child.pid)
    }, timeout)
    child.once("error", fail)
    child.once("close", () => {
      clearTimeout(timer)
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt)
      done(!isLate)
    })
  })

/** The projects that are named for the packages of `files`: no suite is run a second time on Effect 4, and what starts programs is not built. */
const projectsOf = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const packages = files.flatMap((file) => /^packages\/([^/]+)\//.exec(file)?.[1] ?? [])
  return [...new Set(packages)].map((name) => `--project=${name}`)
}

/** Runs the tests of `files` whose titles carry one of `ids`, up to the first that fails. */
export const run = async (
  root: string,
  files: ReadonlyArray<string>,
  ids: ReadonlyArray<string>,
  timeout: number = runTimeout
): Promise<Outcome> => {
  const report = join(root, "mutants.json")
  rmSync(report, { force: true })
  const args = [
    "run",
    ...projectsOf(files),
    "--bail=1",
    `--testTimeout=${testTimeout}`,
    `--hookTimeout=${testTimeout}`,
    "--reporter=json",
    `--outputFile=${report}`,
    `--testNamePattern=${ids.map((id) => escape(titleOf(id))).join("|")}`,
    ...files
  ]
  if (!(await ends(root, args, timeout))) return { _tag: "timedOut" }
  if (!existsSync(report)) return { _tag: "broken", what: "vitest has left no report" }
  return ofReport(JSON.parse(readFileSync(report, "utf8")) as JsonTestResults, ids)
}
