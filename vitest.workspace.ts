import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineWorkspace } from "vitest/config"
import { suitesOnEffect4 } from "./packages/http2/test/effect4/suites.js"

const root = fileURLToPath(new URL(".", import.meta.url))

const packages = readdirSync(`${root}packages`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "cli")
  .map((entry) => entry.name)

/** Tests run against the sources: `@effect-http2/http2/Frame` is `packages/http2/src/Frame.ts`. */
const alias = [
  { find: /^@effect-http2\/scratchpad\/(.+)$/, replacement: `${root}scratchpad/plain/$1.ts` },
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

/** In place of the modules of Effect 3's skin, what makes the same of Effect 4's: see packages/http2/test/effect4. */
const onEffect4 = [
  {
    find: /^@effect-http2\/http2\/(Http2Server|Http2Client)$/,
    replacement: `${root}packages/http2/test/effect4/$1.ts`
  },
  { find: /^effect4\/(.+)$/, replacement: `${root}packages/effect4-http2/node_modules/effect/dist/$1.js` },
  ...alias
]

/** The suites of packages/http2 that play the peer of a connection: what goes over the wire is the same, whichever skin is under test. */
const wireSuites = project("http2 on effect 4", "packages/http2")

export default defineWorkspace([
  ...packages.map((name) => project(name, `packages/${name}`)),
  {
    ...wireSuites,
    resolve: { alias: onEffect4 },
    test: {
      ...wireSuites.test,
      include: [...suitesOnEffect4],
      setupFiles: [`${root}packages/http2/test/effect4/setup.ts`]
    }
  },
  project("cli", "packages/cli", `${root}packages/cli/test/support/build.ts`),
  project("scratchpad", "scratchpad", `${root}scratchpad/test/support/build.ts`)
])
