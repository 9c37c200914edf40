/** The programs of README.md: they compile, and do what the README says. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import ts from "typescript"
import { beforeAll, describe, expect, it } from "vitest"
import { runSource, startSource } from "./support/programs.js"
import { others, programs, readme } from "./support/readme.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The port that the README uses may be taken. */
const firstPort = 20_000 + (process.pid % 10_000)

/** Each pair where its version of Effect is found, as the README says, or below. */
const lines = [
  {
    effect: 3,
    folder: "scratchpad/dist/readme",
    programs: programs[3],
    port: firstPort,
    says: "Effect",
    stopped: 0
  },
  {
    effect: 4,
    folder: "packages/effect4-platform-node/dist/readme",
    programs: programs[4],
    port: firstPort + 1,
    says: "Effect 4",
    // Its `runMain` says with the code that it was interrupted.
    stopped: 130
  }
]

beforeAll(() => {
  for (const { folder, port, programs } of lines) {
    mkdirSync(join(root, folder), { recursive: true })
    for (const [name, code] of Object.entries<string>({ ...programs })) {
      writeFileSync(join(root, folder, name), code.replaceAll("3000", String(port)))
    }
  }
})

it("the README has a server and a client for each version of Effect, and no other program", () => {
  expect(others).toEqual([])
  for (const code of Object.values(programs[4])) expect(code).toContain("@effect-http2/effect4-platform-node/NodeHttp2")
})

describe.each(lines)("the programs of the README, for Effect $effect,", ({ folder, port, programs, says, stopped }) => {
  it("compile", () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
      readonly config: { readonly compilerOptions: object }
    }
    const { options } = ts.convertCompilerOptionsFromJson(
      { ...config.compilerOptions, composite: false, incremental: false, noEmit: true, types: ["node"] },
      root
    )
    const program = ts.createProgram(
      Object.keys(programs).map((name) => join(root, folder, name)),
      options
    )
    const diagnostics = ts.getPreEmitDiagnostics(program)
    expect(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options))).toBe("")
  })

  it("run: the client gets what the server gives", async () => {
    const program = startSource(`${folder}/hello.ts`, [])
    try {
      expect(await program.says(/^.*\n/)).toBe(`http://localhost:${port}\n`)
      const { code, stderr, stdout } = await runSource(`${folder}/ask.ts`, [])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const lines = [`200 text/plain; charset=utf-8 Hello from ${says}`, "", "NUMBER 99", "1", "2", "3"]
      expect(stdout.split("\n").slice(0, lines.length)).toEqual(lines)
      expect(stdout.trimEnd().split("\n")).toHaveLength(13)
    } finally {
      expect(await program.stop()).toMatchObject({ code: stopped, stderr: "" })
    }
  })
})

describe("the options of the README", () => {
  /** `262,144`, `20/s` and `10 s` as the numbers that they are, times in milliseconds; `none` is Infinity. */
  const toNumber = (text: string): number =>
    text === "none"
      ? Number.POSITIVE_INFINITY
      : Number.parseFloat(text.replaceAll(",", "")) * (text.endsWith(" s") ? 1000 : 1)

  it("are all there, with their defaults", () => {
    const rows = [...readme.matchAll(/^\| (`.*?) +\| (\d.*?|none) +\| /gm)].flatMap(([, names = "", values = ""]) => {
      const all = values.split(", ").map(toNumber)
      return names.split(", ").map((name, index) => [name.replaceAll("`", ""), all[index]] as const)
    })
    expect(Object.fromEntries(rows)).toEqual(Http2Options.defaults)
  })
})
