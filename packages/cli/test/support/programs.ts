/** Runs the command as its users do, and the playground as the server beside it: in processes of their own, on free ports. */
import { start } from "@effect-http2/testkit/program"
import type { Finished, Program } from "@effect-http2/testkit/program"
import * as Effect from "effect/Effect"
import { Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect } from "vitest"
import * as Cli from "../../src/cli.js"
import { Output, OutputTo } from "../../src/output.js"

const root = fileURLToPath(new URL("../../../..", import.meta.url))
const main = `${root}packages/cli/dist/main.js`

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Starts the command, to be watched or stopped before it ends. */
export const startCommand = (args: ReadonlyArray<string>, options: RunOptions = {}): Program =>
  start(process.execPath, [main, ...args], options)

/** The command in this very process, which costs less. */
export const runHere = (...args: ReadonlyArray<string>): Promise<Finished> => {
  const [stdout, stderr] = [new Collecting(), new Collecting()]
  return Effect.runPromise(
    Effect.map(Effect.provideService(Cli.main(args), Output, new OutputTo({ stdout, stderr })), (code) => ({
      code,
      stdout: stdout.text,
      stderr: stderr.text
    }))
  )
}

class Collecting extends Writable {
  private readonly chunks: Array<Buffer> = []

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: () => void): void {
    // Copied: the engine's slabs are written to again.
    this.chunks.push(Buffer.from(chunk))
    callback()
  }
}

export const run = (...args: ReadonlyArray<string>): Promise<Finished> => startCommand(args).finished

/** From its source, as `npx tsx` runs it. */
export const runSource = (...args: ReadonlyArray<string>): Promise<Finished> =>
  start(process.execPath, ["--import", "tsx", "packages/cli/src/main.ts", ...args], { cwd: root }).finished

export interface Playground {
  readonly https: string
  readonly http: string
}

/** One playground for all the tests of a suite; to be called where the suite is defined, and to be used in its tests. */
export const usePlayground = (): Playground => {
  let started: (Playground & { readonly program: Program }) | undefined
  const running = () => started ?? expect.unreachable("the playground has not started yet")
  beforeAll(async () => {
    const env = { ...process.env, HTTPS_PORT: "0", HTTP_PORT: "0", HOST: "localhost" }
    const program = start(process.execPath, [`${root}scratchpad/dist/server.js`], { cwd: root, env })
    const address = (scheme: string) => program.says(new RegExp(`^ +(${scheme}://localhost:\\d+)  `, "m"))
    const [https, http] = await Promise.all([address("https"), address("http")])
    started = { program, https, http }
  })
  afterAll(async () => {
    expect(await running().program.stop()).toMatchObject({ code: 0 })
  })
  return {
    get http() {
      return running().http
    },
    get https() {
      return running().https
    }
  }
}
