/**
 * What the stock modules of a server and a client export is either here under the same name, or "What changes when you move" says what to use in its
 * place: types as well as values.
 */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const read = (path: string): string => readFileSync(path, "utf8")

const stock = dirname(createRequire(import.meta.url).resolve("@effect/platform-node/package.json"))

/** The names that a module of the stock package exports, by its declarations. */
const exportsOf = (module: string): ReadonlyArray<string> => {
  const declarations = read(join(stock, "dist", "dts", `${module}.d.ts`))
  const found = declarations.matchAll(/^export (?:declare )?(?:const|class|function|interface|type) (\w+)/gm)
  return [...new Set([...found].map(([, name = ""]) => name))]
}

const readme = read(fileURLToPath(new URL("../README.md", import.meta.url)))

const between = (text: string, from: string, to: string): string => {
  const start = text.indexOf(from)
  const end = text.indexOf(to, start + from.length)
  if (start < 0 || end < 0) throw new Error(`the README has no part from ${from} to ${to}`)
  return text.slice(start, end)
}

const moving = between(readme, "## What changes when you move", "## How it is built")

/** The words of a part of the list that stand as code. */
const named = (part: string): ReadonlySet<string> =>
  new Set([...part.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => code.split(/\W+/)))

const ofServer = named(between(moving, "### The server", "### The client"))
const ofClient = named(moving.slice(moving.indexOf("### The client")))

const modules = [
  { module: "NodeHttpServer", ours: NodeHttp2Server, said: ofServer },
  // Its functions are the same: they take our requests.
  { module: "NodeHttpServerRequest", ours: {}, said: ofServer },
  { module: "NodeHttpClient", ours: NodeHttp2Client, said: ofClient }
] as const

describe("every export has a counterpart of its name or a line that names it:", () => {
  it.each(modules)("$module", ({ module, ours, said }) => {
    const names = exportsOf(module)
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter((name) => !(name in ours) && !said.has(name))).toEqual([])
  })

  it("and a name that is nowhere is missed", () => {
    expect(ofServer.has("makeAgent")).toBe(false)
    expect(ofClient.has("makeHandlers")).toBe(false)
  })
})

/** Those that are called otherwise than they were, though the name is the same. */
describe("every export that is called otherwise has a line that names it:", () => {
  it.each([
    ["NodeHttpServer", ["make", "makeHandler", "layer", "layerServer", "layerConfig", "layerContext"], ofServer],
    ["NodeHttpClient", ["make", "layer"], ofClient]
  ] as const)("%s", (_, names, said) => {
    expect(names.filter((name) => !said.has(name))).toEqual([])
  })
})
