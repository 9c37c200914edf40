/** Asks vitest which tests there are: the titles of tables too, which no reading of the sources would find. Called by the program. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as JsonList from "./jsonList.js"
import type { Collected } from "./tests.js"

const run = (args: ReadonlyArray<string>, root: string): void => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")
  const { error, status, stderr, stdout } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    env: { ...process.env, WITHOUT_PEERS: "1", REQUIRE_PEERS: "" },
    encoding: "utf8"
  })
  if (error !== undefined) throw error
  // A module that cannot be loaded is named once for each file that needs it.
  const output = `${stdout}${stderr}`.split("\n").slice(0, 20).join("\n")
  if (status !== 0) throw new Error(`vitest list ended with ${status}\n${output}`)
}

/**
 * The tests of the packages as a machine collects them that has none of the programs of others: vitest leaves out what is skipped, and
 * what needs such a program is skipped everywhere (`findPeer` reads `WITHOUT_PEERS`). So the result is the same on every machine. The
 * playground's tests are about the playground, and would compile it first.
 */
export const collect = (root: string): ReadonlyArray<Collected> => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"))
  const result = join(folder, "tests.json")
  try {
    // Files share a worker, as nothing of a test runs: a tenth of the time.
    run(["list", "--no-isolate", "--project=!scratchpad", `--json=${result}`], root)
    return JsonList.parse(readFileSync(result, "utf8"), "vitest list", "name", "file")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
