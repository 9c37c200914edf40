/**
 * Cycles, and the direction between the packages:
 *
 *     hpack <- engine <- http2 <- platform-node <- cli, benchmark, scratchpad
 *              engine <- node <- platform-node, effect4-platform-node
 *              engine <- effect4-http2 <- effect4-platform-node
 *                        http2 <- testkit <- fuzz, and the tests of all
 *                        http2 <- conformance
 *
 * Inside the engine, node and platform-node a folder imports those above it alone.
 *
 * Imports by name resolve to the sources (the `paths` of tsconfig.json), so that type-only imports count too.
 */
const builtIn = ["core"]

/** From the sources of `from`, only `to` may be imported beside its own files. */
const only = (from, to, message) => ({
  name: `${from}-depends-only-on-${to.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")}`,
  comment: message,
  severity: "error",
  from: { path: `^packages/${from}/src/` },
  to: { pathNot: [`^packages/${from}/src/`, ...to.split(" ").filter((path) => path !== "nothing")] }
})

/** The folders of the engine, from the one that knows the least. */
const folders = [
  "settings",
  "frame",
  "fields",
  "origin",
  "message",
  "flow",
  "send",
  "stream",
  "connection",
  "server",
  "client",
  "dispatch"
]

const upwards = folders.slice(0, -1).map((folder, index) => ({
  name: `engine-${folder}-does-not-know-what-is-below-it`,
  severity: "error",
  from: { path: `^packages/engine/src/${folder}/` },
  to: { path: `^packages/engine/src/(${folders.slice(index + 1).join("|")})/` }
}))

/** The folders of platform-node, from the one that knows the least. */
const nodeFolders = [
  "socket/",
  "stream/",
  "server/",
  "http1/",
  "port/",
  "client/wire/",
  "client/pool/",
  "client/[^/]+$"
]

const nodeUpwards = nodeFolders.slice(0, -1).map((folder, index) => ({
  name: `platform-node-${folder.replace(/\W+/g, "-")}does-not-know-what-is-below-it`,
  severity: "error",
  from: { path: `^packages/platform-node/src/internal/${folder}` },
  to: { path: `^packages/platform-node/src/internal/(${nodeFolders.slice(index + 1).join("|")})` }
}))

const socketFolders = ["socket", "http1", "message", "webSocket", "client"]

const socketUpwards = socketFolders.slice(0, -1).map((folder, index) => ({
  name: `node-${folder}-does-not-know-what-is-below-it`,
  severity: "error",
  from: { path: `^packages/node/src/${folder}/` },
  to: { path: `^packages/node/src/(${socketFolders.slice(index + 1).join("|")})/` }
}))

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Also through type-only imports.",
      severity: "error",
      from: { pathNot: "^packages/engine/src/" },
      to: { circular: true }
    },
    {
      name: "no-cycles-in-the-engine",
      comment: "In a folder types may refer to each other; between folders nothing goes up.",
      severity: "error",
      from: { path: "^packages/engine/src/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }
    },
    ...upwards,
    ...nodeUpwards,
    ...socketUpwards,
    {
      name: "engine-vocabulary-knows-no-folder",
      comment: "What stands beside the folders is known to all of them.",
      severity: "error",
      from: { path: "^packages/engine/src/[^/]+$" },
      to: { path: "^packages/engine/src/[^/]+/" }
    },
    {
      name: "no-unresolved",
      comment: "What is imported has to be there, in the package's own package.json.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    },
    only("hpack", "nothing", "hpack is plain TypeScript without a dependency."),
    only("engine", "^packages/hpack/", "The engine is plain TypeScript: hpack only."),
    {
      name: "node-is-plain",
      comment: "What both skins need of Node's sockets: the engine, hpack, ws and node: only.",
      severity: "error",
      from: { path: "^packages/node/src/" },
      to: {
        pathNot: ["^packages/(node/src|engine|hpack)/", "^node_modules/(ws|@types/(ws|node))/"],
        dependencyTypesNot: builtIn
      }
    },
    only(
      "http2",
      "^packages/(hpack|engine)/ ^node_modules/effect/",
      "http2 runs on any transport: effect, engine and hpack only."
    ),
    only(
      "effect4-http2",
      "^packages/(hpack|engine)/ ^packages/effect4-http2/node_modules/effect/",
      "effect4-http2 runs on any transport: effect 4, engine and hpack only."
    ),
    {
      name: "the-skins-do-not-know-each-other",
      comment: "Each has its own Effect. Tests of what goes over the wire are run on both.",
      severity: "error",
      from: { path: "^packages/(http2|platform-node)/src/" },
      to: { path: "^packages/effect4-" }
    },
    {
      name: "the-skins-of-effect-4-do-not-know-those-of-effect-3",
      comment: "Nor do their tests.",
      severity: "error",
      from: { path: "^packages/effect4-" },
      to: { path: ["^packages/(http2|platform-node)/", "^node_modules/(effect|@effect)/"] }
    },
    {
      name: "fuzz-takes-the-engine-alone",
      comment: "By its public names, as a user has it.",
      severity: "error",
      from: { path: "^packages/fuzz/" },
      to: { path: ["^packages/(platform-node|benchmark)/", "^scratchpad/"] }
    },
    {
      name: "nothing-imports-fuzz",
      severity: "error",
      from: { pathNot: "^packages/fuzz/" },
      to: { path: "^packages/fuzz/" }
    },
    {
      name: "platform-node-is-below-benchmark-and-scratchpad",
      severity: "error",
      from: { path: "^packages/platform-node/" },
      to: { path: ["^packages/(benchmark|fuzz)/", "^scratchpad/"] }
    },
    {
      name: "cli-is-above-all-but-scratchpad",
      comment: "In tests too. The playground makes its certificate as the command does.",
      severity: "error",
      from: { path: "^packages/(?!cli/)", pathNot: "^packages/effect4-platform-node/playground/" },
      to: { path: "^packages/cli/" }
    },
    {
      name: "http2-is-below-platform-node",
      comment: "In tests too.",
      severity: "error",
      from: { path: "^packages/(hpack|engine|http2|effect4-http2|node)/" },
      to: { path: ["^packages/(effect4-)?platform-node/", "^packages/(benchmark|fuzz)/", "^scratchpad/"] }
    },
    {
      name: "engine-is-below-http2",
      comment: "In tests too.",
      severity: "error",
      from: { path: "^packages/(hpack|engine|node)/" },
      to: { path: "^packages/(effect4-)?http2/" }
    },
    {
      name: "node-is-above-engine-and-beside-http2",
      comment: "In tests too.",
      severity: "error",
      from: { path: "^packages/(hpack|engine|http2|effect4-http2)/" },
      to: { path: "^packages/node/" }
    },
    {
      name: "hpack-is-below-engine",
      comment: "In tests too.",
      severity: "error",
      from: { path: "^packages/hpack/" },
      to: { path: "^packages/engine/" }
    },
    {
      name: "sources-do-not-import-testkit",
      comment: "It is for tests, and for the fuzzer and the conformance program.",
      severity: "error",
      from: { path: "^(packages/[^/]+/src|scratchpad)/", pathNot: ["^packages/(testkit|fuzz|conformance)/", "/test/"] },
      to: { path: "^packages/testkit/" }
    },
    {
      name: "testkit-writes-frames-without-the-engine",
      comment:
        "A mistake there is not to be made here too. What stands in a file with Effect's name takes the engine's skin.",
      severity: "error",
      from: { path: "^packages/testkit/src/", pathNot: "^packages/testkit/src/((pipe|rawPeer)\\.ts$|effect4/)" },
      to: { path: "^(packages/(engine|http2)/|node_modules/effect/)" }
    },
    {
      name: "testkit-is-below-platform-node",
      severity: "error",
      from: { path: "^packages/testkit/" },
      to: { path: ["^packages/(platform-node|benchmark|fuzz|conformance)/", "^scratchpad/"] }
    },
    {
      name: "nothing-imports-scratchpad",
      comment:
        "But the playground of Effect 4, which has to stand where that Effect is installed: it has the plain parts of the one for Effect 3.",
      severity: "error",
      from: { pathNot: ["^scratchpad/", "^packages/effect4-platform-node/playground/"] },
      to: { path: "^scratchpad/" }
    },
    {
      name: "the-playground-of-effect-4-takes-plain-parts-alone",
      severity: "error",
      from: { path: "^packages/effect4-platform-node/playground/" },
      to: { path: ["^scratchpad/(?!plain/)", "^packages/cli/src/(?!selfSigned)"] }
    },
    {
      name: "plain-parts-of-scratchpad-know-no-effect",
      comment: "Both versions of Effect share them.",
      severity: "error",
      from: { path: "^scratchpad/plain/" },
      to: { path: ["^packages/", "^node_modules/(effect|@effect)/", "^scratchpad/(?!plain/)"] }
    },
    {
      name: "nothing-imports-benchmark",
      comment: "But its server on Effect 4, which has to stand where that Effect is installed.",
      severity: "error",
      from: { pathNot: ["^packages/benchmark/", "^packages/effect4-platform-node/benchmark/"] },
      to: { path: "^packages/benchmark/" }
    },
    {
      name: "nothing-imports-conformance",
      severity: "error",
      from: { pathNot: "^packages/conformance/" },
      to: { path: "^packages/conformance/" }
    },
    {
      name: "packages-meet-by-public-names-from-packages",
      comment:
        'import "@effect-http2/hpack/Encoder", not "../../hpack/src/Encoder.js". The helpers of tests are shared by path.',
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: {
        path: "^(packages/[^/]+|scratchpad)/",
        // Effect 4 is there once, in the one of its packages.
        pathNot: ["^packages/$1/", "^packages/platform-node/test/support/", "/node_modules/"],
        dependencyTypesNot: ["aliased-tsconfig-paths"]
      }
    },
    {
      name: "packages-meet-by-public-names-from-scratchpad",
      severity: "error",
      from: { path: "^scratchpad/" },
      to: {
        path: "^packages/[^/]+/",
        pathNot: "^packages/platform-node/test/support/",
        dependencyTypesNot: ["aliased-tsconfig-paths"]
      }
    },
    {
      name: "internal-is-internal-from-packages",
      comment: "What stands in src/internal is reached from inside its package, and from its own tests.",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/[^/]+/src/internal/", pathNot: "^packages/$1/" }
    },
    {
      name: "internal-is-internal-from-scratchpad",
      severity: "error",
      from: { path: "^scratchpad/" },
      to: { path: "^packages/[^/]+/src/internal/" }
    },
    {
      name: "sources-do-not-import-tests",
      severity: "error",
      from: { pathNot: "(^|/)test/" },
      to: { path: "^(packages/[^/]+|scratchpad)/test/" }
    },
    {
      name: "no-node-http2-in-sources",
      comment: "It is a peer for tests and benchmarks.",
      severity: "error",
      from: {
        path: "^(packages/[^/]+/(src|playground|benchmark)|scratchpad)/",
        pathNot: ["^packages/benchmark/", "^scratchpad/test/"]
      },
      to: { path: "^(node:)?http2$", dependencyTypes: builtIn }
    }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages/[^/]+(/playground|/benchmark)?|scratchpad)/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
      extensions: [".ts", ".js", ".d.ts"]
    }
  }
}
