/** Runs tests by the ids in their titles, in a copy of the repository, and says how they ended. Called by the program. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

/** How a run ended: `failed`, a test with one of the ids; `broken`, a file that cannot be loaded, or vitest itself. */
export type Outcome =
  { readonly _tag: "passed" | "timedOut" } | { readonly _tag: "failed" | "broken"; readonly what: string }

/** How long one test may take, and a whole run, in ms. A test that waits for what does not come is over sooner than in a run of all tests. */
const testTimeout = 10_000
const runTimeout = 90_000

interface Assertion {
  readonly fullName: string
  readonly status: string
  readonly failureMessages?: ReadonlyArray<string>
}

interface File {
  readonly name: string
  readonly message: string
  readonly status: string
  readonly assertionResults: ReadonlyArray<Assertion>
}

interface Report {
  readonly testResults: ReadonlyArray<File>
}

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

const firstLine = (text: string): string => (text.split("\n")[0] ?? "").slice(0, 120)

const judge = ({ testResults }: Report, titles: ReadonlyArray<string>): Outcome => {
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ fullName, status }) => status === "failed" && titles.some((title) => fullName.includes(title)))
  if (failed !== undefined) {
    const [reason = ""] = failed.failureMessages ?? []
    return { _tag: "failed", what: `${failed.fullName}: ${firstLine(reason)}` }
  }
  const broken = testResults.find(
    ({ assertionResults, status }) => status === "failed" && assertionResults.length === 0
  )
  return broken === undefined ? { _tag: "passed" } : { _tag: "broken", what: `${broken.name}: ${broken.message}` }
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
  const titles = ids.map((id) => `[${id}]`)
  const isOver = await ends(
    root,
    [
      "run",
      "--project=!scratchpad",
      "--bail=1",
      `--testTimeout=${testTimeout}`,
      `--hookTimeout=${testTimeout}`,
      "--reporter=json",
      `--outputFile=${report}`,
      `--testNamePattern=${titles.map(escape).join("|")}`,
      ...files
    ],
    timeout
  )
  if (!isOver) return { _tag: "timedOut" }
  if (!existsSync(report)) return { _tag: "broken", what: "vitest has left no report" }
  return judge(JSON.parse(readFileSync(report, "utf8")) as Report, titles)
}
