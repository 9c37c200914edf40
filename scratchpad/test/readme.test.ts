/** The programs of README.md: they compile, and do what the README says. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import ts from "typescript"
import { beforeAll, describe, expect, it } from "vitest"
import { runSource, startSource } from "./support/programs.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = join(root, "scratchpad/dist/readme")

const readme = readFileSync(join(root, "README.md"), "utf8")
const [server, client] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code)

/** The port that the README uses may be taken. */
const port = 20_000 + (process.pid % 10_000)
const programs = { "hello.ts": server, "ask.ts": client }

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const [name, code] of Object.entries(programs)) {
    writeFileSync(join(folder, name), (code ?? "").replaceAll("3000", String(port)))
  }
})

describe("the programs of the README", () => {
  it("compile", () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
      readonly config: { readonly compilerOptions: object }
    }
    const { options } = ts.convertCompilerOptionsFromJson(
      { ...config.compilerOptions, composite: false, incremental: false, noEmit: true, types: ["node"] },
      root
    )
    const program = ts.createProgram(
      Object.keys(programs).map((name) => join(folder, name)),
      options
    )
    const diagnostics = ts.getPreEmitDiagnostics(program)
    expect(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options))).toBe("")
  })

  it("run: the client gets what the server gives", async () => {
    const program = startSource("dist/readme/hello.ts", [])
    expect(await program.says(/^.*\n/)).toBe(`http://localhost:${port}\n`)
    const { code, stderr, stdout } = await runSource("dist/readme/ask.ts", [])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const lines = ["200 text/plain; charset=utf-8 Hello from Effect", "", "NUMBER 99", "1", "2", "3"]
    expect(stdout.split("\n").slice(0, lines.length)).toEqual(lines)
    expect(stdout.trimEnd().split("\n")).toHaveLength(13)
    expect(await program.stop()).toMatchObject({ code: 0, stderr: "" })
  })
})

describe("the options of the README", () => {
  /** `262,144`, `20/s` and `10 s` as the numbers that they are, times in milliseconds. */
  const toNumber = (text: string): number =>
    Number.parseFloat(text.replaceAll(",", "")) * (text.endsWith(" s") ? 1000 : 1)

  it("are all there, with their defaults", () => {
    const rows = [...readme.matchAll(/^\| (`.*?) +\| (\d.*?) +\| /gm)].flatMap(([, names = "", values = ""]) => {
      const all = values.split(", ").map(toNumber)
      return names.split(", ").map((name, index) => [name.replaceAll("`", ""), all[index]] as const)
    })
    expect(Object.fromEntries(rows)).toEqual(Http2Options.defaults)
  })
})
