/** Compiles the playgrounds before its tests, which run it in processes of its own: a global set-up of `vitest.workspace.ts`. */
import { execFileSync } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

export default (): void => {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc")
  const folder = fileURLToPath(new URL("../..", import.meta.url))
  const playground4 = fileURLToPath(new URL("../../../packages/effect4-platform-node/playground", import.meta.url))
  execFileSync(process.execPath, [compiler, "-b", folder, playground4, `${folder}/test/programs`], {
    stdio: ["ignore", "inherit", "inherit"]
  })
}
