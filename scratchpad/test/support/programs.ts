/** Runs the programs of this folder as their users do: in processes of their own, on free ports. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const collect = (stream: NodeJS.ReadableStream): { text: string } => {
  const collected = { text: "" }
  stream.setEncoding("utf8")
  stream.on("data", (chunk: string) => {
    collected.text += chunk
  })
  return collected
}

/** What npm tells its scripts is about the run of the tests, not about the programs started here. */
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

const start = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(command, args, { cwd: root, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const finished = once(child, "close").then(([code]: ReadonlyArray<number | null>): Finished => ({
    code: code ?? null,
    stdout: stdout.text,
    stderr: stderr.text
  }))
  return { child, stdout, finished }
}

/** A program of the scratchpad, as `build.ts` has compiled it. */
const compiled = (name: string): string => `scratchpad/dist/${name}.js`

/** Starts a program, to be watched or stopped before it ends. */
export const startProgram = (name: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv) =>
  start(process.execPath, [compiled(name), ...args], env)

export const run = (name: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv): Promise<Finished> =>
  startProgram(name, args, env).finished

/** A program from its source, as `npx tsx` runs it. */
export const runSource = (file: string, args: ReadonlyArray<string>): Promise<Finished> =>
  start(process.execPath, ["--import", "tsx", `scratchpad/${file}`, ...args]).finished

export interface Playground {
  readonly https: string
  readonly http: string
  readonly process: ChildProcess
  readonly finished: Promise<Finished>
  /** Sends SIGTERM, and waits for the end. */
  readonly stop: () => Promise<Finished>
}

const freePorts = { HTTPS_PORT: "0", HTTP_PORT: "0", HOST: "localhost" }

const toPlayground = async ({ child, finished, stdout }: ReturnType<typeof start>): Promise<Playground> => {
  const address = (scheme: string): string | undefined =>
    new RegExp(`^ +(${scheme}://localhost:\\d+)  `, "m").exec(stdout.text)?.[1]
  for (;;) {
    const [https, http] = [address("https"), address("http")]
    if (https !== undefined && http !== undefined) {
      const stop = () => {
        child.kill("SIGTERM")
        return finished
      }
      return { https, http, process: child, finished, stop }
    }
    const end = await Promise.race([finished, once(child.stdout, "data")])
    if ("code" in end) throw new Error(`the playground ended with ${end.code}: ${end.stdout}${end.stderr}`)
  }
}

/** `nodeOptions` are Node's own. */
export const playground = (...nodeOptions: ReadonlyArray<string>): Promise<Playground> =>
  toPlayground(start(process.execPath, [...nodeOptions, compiled("server")], freePorts))

/** The playground by the command that the README gives. */
export const npmStart = (): Promise<Playground> => toPlayground(start("npm", ["start"], freePorts))
