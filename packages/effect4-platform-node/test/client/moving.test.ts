/** What the stock client's module exports is either here under the same name, or "What changes when you move" says what to use in its place. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const read = (path: string): string => readFileSync(path, "utf8")

const stock = dirname(createRequire(import.meta.url).resolve("@effect/platform-node/package.json"))

const declarations = read(join(stock, "dist", "NodeHttpClient.d.ts"))

/** The names that it exports, types as well as values, those that it hands on among them. */
const names: ReadonlyArray<string> = [
  ...[...declarations.matchAll(/^export (?:declare )?(?:const|class|function|interface|type) (\w+)/gm)].map(
    ([, name = ""]) => name
  ),
  ...[...declarations.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = ""]) =>
    list.split(",").flatMap((each) => each.trim().split(" as ").slice(-1))
  )
].filter((name) => name !== "")

const readme = read(fileURLToPath(new URL("../../README.md", import.meta.url)))

/** The words of the client's part of the list that stand as code. */
const said: ReadonlySet<string> = new Set(
  [...readme.slice(readme.indexOf("### The client")).matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) =>
    code.split(/\W+/)
  )
)

it("every export has a counterpart of its name or a line that names it", () => {
  expect(names.length).toBeGreaterThan(15)
  expect(names.filter((name) => !(name in NodeHttp2Client) && !said.has(name))).toEqual([])
  expect(said.has("makeHandlers")).toBe(false)
})
