import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineWorkspace } from "vitest/config"

const root = fileURLToPath(new URL(".", import.meta.url))

const packages = readdirSync(`${root}packages`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

/** Tests run against the sources: `@effect-http2/http2/Frame` is `packages/http2/src/Frame.ts`. */
const alias = [
  { find: /^@effect-http2\/([^/]+)$/, replacement: `${root}packages/$1/src/index.ts` },
  { find: /^@effect-http2\/([^/]+)\/(.+)$/, replacement: `${root}packages/$1/src/$2.ts` }
]

const project = (name: string, folder: string, ...globalSetup: ReadonlyArray<string>) => ({
  resolve: { alias },
  test: {
    name,
    root: `${root}${folder}`,
    include: ["test/**/*.test.ts"],
    environment: "node",
    globals: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    // Names every suite that was skipped, below vitest's own summary.
    globalSetup: [`${root}packages/platform-node/test/support/reportSkipped.ts`, ...globalSetup]
  }
})

export default defineWorkspace([
  ...packages.map((name) => project(name, `packages/${name}`)),
  project("scratchpad", "scratchpad", `${root}scratchpad/test/support/build.ts`)
])
