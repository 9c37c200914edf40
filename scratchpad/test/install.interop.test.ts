/**
 * The packages of each line as a stranger installs them: packed, into an empty project beside the `effect` that npm gives, with nothing forced. The programs
 * of the README are compiled and run there. It needs npm's registry, and is skipped where that does not answer.
 */
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { start } from "@effect-http2/testkit/program"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { programs } from "./support/readme.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What npm tells its scripts is about this repository, not about the empty project. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

const run = async (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> => {
  try {
    const { stderr, stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 1 << 24 })
    return stdout + stderr
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error })
  }
}

const isReachable = await run(
  root,
  "npm",
  "view",
  "effect",
  "version",
  "--fetch-retries=0",
  "--fetch-timeout=10000"
).then(
  () => true,
  () => false
)

/** The port that the README uses may be taken. */
const firstPort = 30_000 + (process.pid % 10_000)

const below = ["hpack", "engine", "node"]
const lines = [
  { version: 3, effect: "effect@3", names: [...below, "http2", "platform-node"], port: firstPort, stopped: 0 },
  // Its `runMain` says with the code that it was interrupted.
  {
    version: 4,
    effect: "effect@latest",
    names: [...below, "effect4-http2", "effect4-platform-node"],
    port: firstPort + 1,
    stopped: 130
  }
] as const

const compilerOptions = {
  target: "ES2022",
  module: "NodeNext",
  moduleResolution: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  // Ours are compiled in pack.test.ts; those of others are theirs.
  skipLibCheck: true,
  types: ["node"],
  outDir: "dist"
}

/** `.ci/run` does not allow it to be skipped. */
const describeWithRegistry = isReachable || process.env["REQUIRE_PEERS"] === "1" ? describe : describe.skip

describeWithRegistry("the packages, packed and installed from npm's registry", () => {
  describe.each(lines)("beside $effect", ({ effect, names, port, stopped, version }) => {
    let project: string
    let installed: string

    beforeAll(async () => {
      project = await mkdtemp(join(tmpdir(), "effect-http2-install-"))
      const tarballs: Array<string> = []
      // One after the other: packing compiles, and a package compiles what it depends on first.
      for (const name of names) {
        const packed = await run(join(root, "packages", name), "npm", "pack", "--silent", "--pack-destination", project)
        tarballs.push(`./${packed.trim().split("\n").at(-1)}`)
      }
      await writeFile(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }))
      const others = ["typescript@5.9.3", "@types/node@20.19.25"]
      installed = await run(project, "npm", "install", "--no-audit", "--no-fund", effect, ...tarballs, ...others)
      await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
      for (const [name, code] of Object.entries<string>({ ...programs[version] })) {
        await writeFile(join(project, name), code.replaceAll("3000", String(port)))
      }
    }, 600_000)

    afterAll(() => rm(project, { recursive: true, force: true }))

    const versionOf = async (name: string): Promise<string> => {
      const text = await readFile(join(project, "node_modules", name, "package.json"), "utf8")
      return (JSON.parse(text) as { readonly version: string }).version
    }

    it("fit each other: nothing is overridden, and there is one effect", async () => {
      expect(installed).not.toMatch(/ERESOLVE|npm error/)
      expect(await versionOf("effect")).toMatch(new RegExp(`^${version}\\.`))
      const tree = await run(project, "npm", "ls", "effect", "--all", "--parseable")
      expect(new Set(tree.trim().split("\n"))).toEqual(new Set([join(project, "node_modules/effect")]))
    }, 60_000)

    it("depend on versions, not on folders", async () => {
      for (const name of names) {
        const text = await readFile(join(project, "node_modules/@effect-http2", name, "package.json"), "utf8")
        const { dependencies, peerDependencies } = JSON.parse(text) as Record<string, object | undefined>
        expect(JSON.stringify([dependencies, peerDependencies])).not.toMatch(/file:|link:|workspace:|\*/)
      }
    })

    it("compile and run the programs of the README", async () => {
      await run(project, process.execPath, "node_modules/typescript/bin/tsc")
      const server = start(process.execPath, ["dist/hello.js"], { cwd: project, env })
      try {
        expect(await server.says(/^.*\n/)).toBe(`http://localhost:${port}\n`)
        const said = await run(project, process.execPath, "dist/ask.js")
        const first = `200 text/plain; charset=utf-8 Hello from ${version === 3 ? "Effect" : "Effect 4"}`
        expect(said.split("\n").slice(0, 6)).toEqual([first, "", "NUMBER 99", "1", "2", "3"])
      } finally {
        expect(await server.stop()).toMatchObject({ code: stopped, stderr: "" })
      }
    }, 120_000)
  })
})
