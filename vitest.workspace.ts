import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineWorkspace } from "vitest/config"
import { suitesOnEffect4 } from "./packages/http2/test/effect4/suites.js"
import { socketSuitesOnEffect4 } from "./packages/platform-node/test/effect4/suites.js"

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

const effect4 = `${root}packages/effect4-http2/node_modules/effect/dist`

/** In place of modules of Effect 3's packages, what makes the same of Effect 4's: see packages/testkit/src/effect4. */
const onEffect4 = [
  {
    find: /^@effect-http2\/http2\/(Http2Server|Http2Client)$/,
    replacement: `${root}packages/testkit/src/effect4/$1.ts`
  },
  {
    find: /^@effect-http2\/platform-node\/(NodeHttp2|NodeListener|NodeTransport)$/,
    replacement: `${root}packages/platform-node/test/effect4/$1.ts`
  },
  { find: /^effect4\/(.+)$/, replacement: `${effect4}/$1.js` },
  ...alias
]

/** The suites of a package that play the peer of a connection: what goes over the wire is the same, whichever skin is under test. */
const wireSuites = (name: string, folder: string, suites: ReadonlyArray<string>) => {
  const { test } = project(name, folder)
  return {
    resolve: { alias: onEffect4 },
    test: { ...test, include: [...suites], setupFiles: [`${root}${folder}/test/effect4/setup.ts`] }
  }
}

export default defineWorkspace([
  ...packages.map((name) => project(name, `packages/${name}`)),
  wireSuites("http2 on effect 4", "packages/http2", suitesOnEffect4),
  wireSuites("sockets on effect 4", "packages/platform-node", socketSuitesOnEffect4),
  project("cli", "packages/cli", `${root}packages/cli/test/support/build.ts`),
  project("scratchpad", "scratchpad", `${root}scratchpad/test/support/build.ts`)
])
