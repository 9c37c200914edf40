/**
 * The packages as a stranger gets them: packed, installed into an empty project, compiled against their declarations, and run. No network
 * is needed: `effect`, which is a peer dependency, comes from this repository by a symbolic link, and what else they depend on is packed as it is here.
 */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const names = ["hpack", "engine", "node", "http2", "platform-node"] as const

/** What they depend on besides each other. */
const dependencies = ["find-my-way-ts", "mime", "ws"]

/** What npm tells its scripts is about this repository, not about the empty project. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

const run = async (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> => {
  try {
    return (await promisify(execFile)(command, args, { cwd, env, maxBuffer: 1 << 24 })).stdout
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error })
  }
}

interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

const pack = async (folder: string, destination: string, ...options: ReadonlyArray<string>): Promise<Packed> => {
  const command = ["pack", "--json", "--silent", "--pack-destination", destination, ...options]
  const [packed] = JSON.parse(await run(join(root, folder), "npm", ...command)) as ReadonlyArray<Packed>
  if (packed === undefined) throw new Error(`npm pack made nothing of ${folder}`)
  return packed
}

const program = `
import * as Decoder from "@effect-http2/hpack/Decoder"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"

const handler = (request: Http2ServerRequest.Http2ServerRequest): Effect.Effect<Http2ServerResponse.Http2ServerResponse> =>
  Effect.succeed(Http2ServerResponse.text("packed " + request.path))

const program: Effect.Effect<string, Http2Error> = Effect.gen(function* () {
  const listener = yield* NodeHttp2.serve(handler, { host: "127.0.0.1", port: 0 })
  const client = yield* NodeHttp2.connect("http://127.0.0.1:" + listener.address.port)
  const response = yield* client.request({ path: "/installed" })
  return response.status + " " + (yield* response.text())
}).pipe(Effect.scoped)

console.log(typeof Decoder.make, await Effect.runPromise(program))
`

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023"],
  module: "NodeNext",
  moduleResolution: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ["node"],
  outDir: "dist"
}

describe("the packages, packed and installed into an empty project,", () => {
  let project: string
  const packed: Array<Packed> = []

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "effect-http2-pack-"))
    // One after the other: packing compiles, and a package compiles what it depends on first.
    for (const name of names) packed.push(await pack(`packages/${name}`, project))
    const others: Array<Packed> = []
    // As it is installed here: its own scripts build it from what is not published.
    for (const name of dependencies) others.push(await pack(`node_modules/${name}`, project, "--ignore-scripts"))
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }))
    const tarballs = [...packed, ...others].map(({ filename }) => `./${filename}`)
    await run(project, "npm", "install", "--offline", "--legacy-peer-deps", "--no-audit", "--no-fund", ...tarballs)
    await mkdir(join(project, "node_modules/@types"), { recursive: true })
    await mkdir(join(project, "node_modules/@effect"), { recursive: true })
    for (const name of ["effect", "@effect/platform", "@effect/platform-node", "@types/node"]) {
      await symlink(join(root, "node_modules", name), join(project, "node_modules", name))
    }
    await writeFile(join(project, "main.ts"), program)
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["main.ts"] }))
  }, 60_000)

  afterAll(() => rm(project, { recursive: true, force: true }))

  it.each(names.map((name, index) => [name, index] as const))("%s carries what it needs, and no tests", (_, index) => {
    const paths = packed[index]?.files.map(({ path }) => path) ?? []
    expect(paths).toEqual(expect.arrayContaining(["package.json", "dist/index.js", "dist/index.d.ts", "src/index.ts"]))
    expect(paths.filter((path) => !/^(dist|src)\/|^(package\.json|README\.md|LICENSE)$/.test(path))).toEqual([])
    expect(paths.filter((path) => /tsbuildinfo|\.test\./.test(path))).toEqual([])
  })

  it("compile and run", async () => {
    await run(project, process.execPath, join(root, "node_modules/typescript/bin/tsc"))
    expect(await run(project, process.execPath, "dist/main.js")).toBe("function 200 packed /installed\n")
  }, 60_000)

  it("can be imported, module by module", async () => {
    const modules = await Promise.all(
      names.map(async (name) => {
        const files = await readdir(join(project, "node_modules/@effect-http2", name, "dist"), {
          recursive: true
        })
        return files
          .filter((file) => file.endsWith(".js") && !file.startsWith("internal/"))
          .map((file) => (file === "index.js" ? `@effect-http2/${name}` : `@effect-http2/${name}/${file.slice(0, -3)}`))
      })
    )
    await writeFile(
      join(project, "all.js"),
      modules
        .flat()
        .map((module) => `import ${JSON.stringify(module)}\n`)
        .join("")
    )
    expect(await run(project, process.execPath, "all.js")).toBe("")
  })

  it("keep their internals to themselves", async () => {
    await writeFile(join(project, "internal.js"), 'import "@effect-http2/http2/internal/frameDecoder"\n')
    await expect(run(project, process.execPath, "internal.js")).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })
})
