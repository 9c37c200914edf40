/** Runs the programs of this folder as their users do: in processes of their own, on free ports. */
import { fileURLToPath } from "node:url"
import { start } from "@effect-http2/testkit/program"
import type { Finished, Program } from "@effect-http2/testkit/program"

const cwd = fileURLToPath(new URL("../../..", import.meta.url))

/** What npm tells its scripts is about the run of the tests, not about the programs started here. */
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

const startHere = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Program =>
  start(command, args, { cwd, env: { ...inherited, ...env } })

/** The version of Effect that a program is written for. */
export type Version = 3 | 4

/** For the suites of the programs that there are for each of them. */
export const versions: ReadonlyArray<Version> = [3, 4]

const folders: { readonly [version in Version]: string } = {
  3: "scratchpad/dist",
  4: "packages/effect4-platform-node/playground/dist"
}

/** A program as `build.ts` has compiled it. */
export const compiled = (name: string, version: Version = 3): string => `${folders[version]}/${name}.js`

/** Starts a program, to be watched or stopped before it ends. */
export const startProgram = (
  name: string,
  args: ReadonlyArray<string>,
  env?: NodeJS.ProcessEnv,
  version?: Version
): Program => startHere(process.execPath, [compiled(name, version), ...args], env)

/** The command `effect-http2`. */
export const startCommand = (args: ReadonlyArray<string>): Program =>
  startHere(process.execPath, ["packages/cli/dist/main.js", ...args])

export const run = (
  name: string,
  args: ReadonlyArray<string>,
  env?: NodeJS.ProcessEnv,
  version?: Version
): Promise<Finished> => startProgram(name, args, env, version).finished

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

export interface PlaygroundOptions {
  /** The version of Effect that it is written for. Default: 3. */
  readonly version?: Version
  /** Node's own. */
  readonly nodeOptions?: ReadonlyArray<string>
}

export const playground = ({ nodeOptions = [], version }: PlaygroundOptions = {}): Promise<Playground> =>
  toPlayground(startHere(process.execPath, [...nodeOptions, compiled("server", version)], environment))

/** The playground by the command that the README gives. */
export const npmStart = (version: Version): Promise<Playground> =>
  toPlayground(startHere("npm", version === 3 ? ["start"] : ["start", "--", "--effect4"], environment))
