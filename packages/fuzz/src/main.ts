/** Program: the fuzzer. Reads the command line, starts the thread that fuzzes, watches it, and writes down what it finds. See the README. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Worker } from "node:worker_threads"
import { parse as parseInput } from "./input/input.js"
import * as Options from "./options.js"
import { Beacon, makeMemory } from "./run/beacon.js"
import type { Message, Work } from "./run/fuzzer.js"
import { findingOf, replay } from "./run/replay.js"
import { EngineRun } from "./world/engineRun.js"
import { World } from "./world/world.js"

/** So long an input may take, of real time. */
const patienceMillis = 30_000

/** Writes a finding down, and says how to run it again. */
const write = (options: Options.Options, title: string, text: string): void => {
  mkdirSync(options.out, { recursive: true })
  const file = resolve(join(options.out, `finding-${Date.now()}.txt`))
  writeFileSync(file, text)
  console.log(`\nFOUND ${title}\n  ${file}\n  npm run fuzz -- --replay ${file}`)
}

const fuzz = (options: Options.Options): Promise<number> =>
  new Promise((end) => {
    const memory = makeMemory()
    const beacon = new Beacon(memory)
    const work: Work = { options, memory }
    const worker = new Worker(new URL("run/fuzzer.js", import.meta.url), { workerData: work })
    let last = -1
    let isOver = false
    const finish = (code: number): void => {
      if (isOver) return
      isOver = true
      clearInterval(watch)
      void worker.terminate().then(() => end(code))
    }
    const watch = setInterval(() => {
      if (beacon.count === last) {
        write(options, `hang: an input took longer than ${patienceMillis} ms`, beacon.text)
        finish(1)
      }
      last = beacon.count
    }, patienceMillis)
    worker.on("message", (message: Message) => {
      if (message.kind === "line") return console.log(message.line)
      if (message.kind === "found") write(options, message.title, message.text)
      finish(message.kind === "found" ? 1 : 0)
    })
    worker.on("exit", (code) => {
      if (isOver) return
      write(options, `defect: the thread ended with ${code}`, beacon.text)
      finish(1)
    })
    worker.on("error", (error) => {
      write(options, `defect: ${String(error)}`, beacon.text)
      finish(1)
    })
  })

const replayFile = (file: string): number => {
  const input = parseInput(readFileSync(file, "utf8"))
  const finding = findingOf(() => replay(new World(), input))
  for (const line of EngineRun.last?.tap.log ?? []) console.log(line)
  console.log(finding === undefined ? "nothing was found" : `\n${finding.stack ?? finding.message}`)
  if (finding?.cause !== undefined) console.log(finding.cause)
  return finding === undefined ? 0 : 1
}

const main = async (): Promise<number> => {
  const options = Options.parse(process.argv.slice(2), Math.floor(Date.now() / 1000), join(tmpdir(), "http2-fuzz"))
  if (options.help) {
    console.log(Options.usage)
    return 0
  }
  if (options.replay !== undefined) return replayFile(options.replay)
  console.log(`seed ${options.seed}, ${options.minutes} minutes, ${options.targets.join(" ")}`)
  return await fuzz(options)
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
