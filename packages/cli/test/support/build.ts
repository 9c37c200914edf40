/** Compiles the command, and the playground that it is tried on, before its tests, which run them in processes of their own: a global set-up of `vitest.workspace.ts`. */
import { execFileSync } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

export default (): void => {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc")
  const root = fileURLToPath(new URL("../../../..", import.meta.url))
  execFileSync(process.execPath, [compiler, "-b", `${root}packages/cli/tsconfig.src.json`, `${root}scratchpad`], {
    stdio: ["ignore", "inherit", "inherit"]
  })
}
