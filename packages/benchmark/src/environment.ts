/** What the figures were measured on: machine, versions, commit. Read when asked; what cannot be found out is left out. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Os from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Children from "./children.js"

const require = createRequire(import.meta.url)
const folder = fileURLToPath(new URL(".", import.meta.url))

const outputOf = (command: string, ...args: ReadonlyArray<string>): string => {
  const result = spawnSync(command, args, { encoding: "utf8", cwd: folder })
  return result.error === undefined && result.status === 0 ? `${result.stdout}${result.stderr}`.trim() : ""
}

/** The version in a package's manifest, looked for upwards from its entry, since not every package exports its manifest. */
const packageVersion = (name: string, entry = name): string => {
  try {
    let at = dirname(require.resolve(entry))
    while (at !== dirname(at)) {
      try {
        const manifest = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as {
          name?: string
          version?: string
        }
        if (manifest.name === name && manifest.version !== undefined) return manifest.version
      } catch {
        // No manifest in this folder.
      }
      at = dirname(at)
    }
  } catch {
    // Not installed.
  }
  return ""
}

const versionOf = (command: string, ...args: ReadonlyArray<string>): string =>
  /\d+\.\d+\.\d+/.exec(outputOf(command, ...args))?.[0] ?? ""

const commit = (): string => {
  const hash = outputOf("git", "rev-parse", "--short", "HEAD")
  if (hash === "") return "none"
  return outputOf("git", "status", "--porcelain") === "" ? hash : `${hash} with uncommitted changes`
}

/** What is known, by name, in the order of printing. */
export const read = (): { readonly [name: string]: string } => {
  const all: { readonly [name: string]: string } = {
    date: new Date().toISOString(),
    commit: commit(),
    machine: `${Os.cpus()[0]?.model.trim() ?? "unknown CPU"}, ${Os.availableParallelism()} cores, ${(Os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
    "load average at start": Os.loadavg()
      .map((load) => load.toFixed(1))
      .join(" "),
    system: `${Os.type()} ${Os.release()} ${Os.arch()}`,
    node: `${process.versions.node} (V8 ${process.versions.v8}, nghttp2 ${process.versions["nghttp2"] ?? "?"}, OpenSSL ${process.versions.openssl})`,
    effect: packageVersion("effect"),
    "@effect/platform-node": packageVersion("@effect/platform-node", "@effect/platform-node/NodeHttpServer"),
    undici: packageVersion("undici"),
    "hpack.js": packageVersion("hpack.js"),
    h2load: versionOf("h2load", "--version"),
    nghttpd: versionOf("nghttpd", "--version"),
    nginx: versionOf("nginx", "-v"),
    pinning:
      Children.pinning === undefined
        ? "none: server and load share their cores"
        : `tested process on core ${Children.pinning.tested}, its counterpart on core ${Children.pinning.load}`
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""))
}
