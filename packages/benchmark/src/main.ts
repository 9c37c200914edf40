/** Program: the benchmark. Reads the command line, measures one workload after the other, prints a table for each. See the README. */
import { spawn } from "node:child_process"
import { realpathSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Children from "./children.js"
import * as Environment from "./environment.js"
import * as Files from "./files.js"
import { reasonOf } from "./measure.js"
import * as Options from "./options.js"
import * as Suite from "./suite.js"

/** Whether it is the program that runs this, by whatever links. */
const isThisNode = (node: string): boolean => {
  try {
    return realpathSync(node) === realpathSync(process.execPath)
  } catch (error) {
    throw new Error(`--node ${node}: ${reasonOf(error)}`)
  }
}

/** Runs this program on another Node, with which it shares its terminal; completes with its exit code. */
const runOn = (node: string, args: ReadonlyArray<string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(node, [fileURLToPath(import.meta.url), ...args], { stdio: "inherit" })
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
    child.once("error", (error) => reject(new Error(`--node ${node}: ${error.message}`)))
    child.once("exit", (code) => resolve(code ?? 1))
  })

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  const options = Options.parse(args)
  if (options.help) {
    console.log(`${Options.usage}\nworkloads: ${Suite.workloadIds.join(" ")}\nservers: ${Suite.serverIds.join(" ")}`)
    return 0
  }
  if (options.node !== undefined && !isThisNode(options.node)) return runOn(options.node, args)
  Children.cleanUpAtExit()
  const sections = Suite.plan(options, Files.make())
  if (sections.length === 0) throw new Error("nothing to measure: see --help for the ids")
  const environment = Environment.read()
  for (const [name, value] of Object.entries(environment)) console.log(`${name}: ${value}`)
  console.log(Suite.describe(options))
  const results: Array<Suite.Result> = []
  for (const section of sections) {
    const result = await Suite.measure(section, options.rounds)
    results.push(result)
    console.log(`\n${Suite.render(result).trimEnd()}`)
  }
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ environment, options, results }, undefined, 2)}\n`)
  }
  const invalid = results.flatMap(({ rows }) => rows).filter((row) => row.failures.length > 0)
  if (invalid.length > 0) console.log(`\n${invalid.length} rows are invalid.`)
  return invalid.length > 0 ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(reasonOf(error))
  process.exitCode = 1
} finally {
  Children.cleanUp()
}
