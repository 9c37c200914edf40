/**
 * What the stock modules of a server and a client export is either here under the same name, or "What changes when you move" says what to use in its
 * place: types as well as values.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const read = (path: string): string => readFileSync(path, "utf8")

const stock = dirname(createRequire(import.meta.url).resolve("@effect/platform-node/package.json"))

/** The names that a module exports, types as well as values, by its declarations, those that it hands on among them. */
const exportsOf = (path: string): ReadonlyArray<string> => {
  const declarations = read(path).replace(/\/\*[\s\S]*?\*\//g, "")
  const own = declarations.matchAll(/^export (?:declare )?(?:const|class|function|interface|type) (\w+)/gm)
  const handedOn = declarations.matchAll(/^export \{([^}]*)\}/gm)
  return [
    ...new Set([
      ...[...own].map(([, name = ""]) => name),
      ...[...handedOn].flatMap(([, list = ""]) =>
        list.split(",").flatMap((each) => each.trim().split(" as ").slice(-1))
      )
    ])
  ].filter((name) => name !== "")
}

const source = (module: string): string => fileURLToPath(new URL(`../src/${module}.ts`, import.meta.url))

const readme = read(fileURLToPath(new URL("../README.md", import.meta.url)))

const moving = readme.slice(readme.indexOf("## What changes when you move"))

/** The words of a part of the list that stand as code. */
const named = (part: string): ReadonlySet<string> =>
  new Set([...part.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => code.split(/\W+/)))

const ofServer = named(moving.slice(moving.indexOf("### The server"), moving.indexOf("### The client")))
const ofClient = named(moving.slice(moving.indexOf("### The client")))

describe("every export has a counterpart of its name or a line that names it:", () => {
  it.each([
    { module: "NodeHttpServer", least: 8, ours: exportsOf(source("NodeHttp2Server")), said: ofServer },
    { module: "NodeHttpServerRequest", least: 2, ours: [], said: ofServer },
    { module: "NodeHttpClient", least: 16, ours: exportsOf(source("NodeHttp2Client")), said: ofClient }
  ])("$module", ({ least, module, ours, said }) => {
    const names = exportsOf(join(stock, "dist", `${module}.d.ts`))
    expect(names.length).toBeGreaterThanOrEqual(least)
    expect(names.filter((name) => !ours.includes(name) && !said.has(name))).toEqual([])
  })

  it("and a name that is nowhere is missed", () => {
    expect(ofServer.has("makeAgent")).toBe(false)
    expect(ofClient.has("makeHandlers")).toBe(false)
  })
})

/** Those that are called otherwise than they were, though the name is the same. */
describe("every export that is called otherwise has a line that names it:", () => {
  it.each([
    [
      "NodeHttpServer",
      ["make", "makeHandler", "layer", "layerServer", "layerConfig", "websocket", "disablePreemptiveShutdown"],
      ofServer
    ],
    ["NodeHttpClient", ["make", "layer"], ofClient]
  ] as const)("%s", (_, names, said) => {
    expect(names.filter((name) => !said.has(name))).toEqual([])
  })
})
