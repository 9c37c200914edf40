/** Runs the programs of this folder as their users do: in processes of their own, on free ports. */
import { fileURLToPath } from "node:url"
import { start } from "@effect-http2/testkit/program"
import type { Finished, Program } from "@effect-http2/testkit/program"

const cwd = fileURLToPath(new URL("../../..", import.meta.url))

/** What npm tells its scripts is about the run of the tests, not about the programs started here. */
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

const startHere = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Program =>
  start(command, args, { cwd, env: { ...inherited, ...env } })

/** A program of the scratchpad, as `build.ts` has compiled it. */
const compiled = (name: string): string => `scratchpad/dist/${name}.js`

/** Starts a program, to be watched or stopped before it ends. */
export const startProgram = (name: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv): Program =>
  startHere(process.execPath, [compiled(name), ...args], env)

export const run = (name: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv): Promise<Finished> =>
  startProgram(name, args, env).finished

/** A program from its source, as `npx tsx` runs it; `file` as from the root of the repository. */
export const startSource = (file: string, args: ReadonlyArray<string>): Program =>
  startHere(process.execPath, ["--import", "tsx", file, ...args])

export const runSource = (file: string, args: ReadonlyArray<string>): Promise<Finished> =>
  startSource(file, args).finished

export interface Playground extends Program {
  readonly https: string
  readonly http: string
}

/** Some tests have a thousand streams on a connection. */
const environment = { HTTPS_PORT: "0", HTTP_PORT: "0", HOST: "localhost", MAX_CONCURRENT_STREAMS: "2048" }

const toPlayground = async (program: Program): Promise<Playground> => {
  const address = (scheme: string): Promise<string> =>
    program.says(new RegExp(`^ +(${scheme}://localhost:\\d+)  `, "m"))
  const [https, http] = await Promise.all([address("https"), address("http")])
  return { ...program, https, http }
}

/** `nodeOptions` are Node's own. */
export const playground = (...nodeOptions: ReadonlyArray<string>): Promise<Playground> =>
  toPlayground(startHere(process.execPath, [...nodeOptions, compiled("server")], environment))

/** The playground by the command that the README gives. */
export const npmStart = (): Promise<Playground> => toPlayground(startHere("npm", ["start"], environment))
