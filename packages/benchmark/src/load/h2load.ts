/**
 * Load by h2load, nghttp2's generator in C++, with one thread. It tells when its warm-up is over, so that CPU time can be told apart.
 *
 * It runs twice: first a fixed number of requests, so that every server has compiled the path of a request before it is timed, then for a
 * time. Without the first, a server whose first responses take longer than the second's time would leave h2load 1.52 hanging.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Children from "../children.js"
import { settings } from "../workloads.js"
import { parse } from "./h2loadOutput.js"
import type { LoadOptions, LoadResult } from "./load.js"

const toArguments = (options: LoadOptions, list: string | undefined): ReadonlyArray<string> => [
  `--clients=${options.connections}`,
  `--max-concurrent-streams=${options.streams}`,
  "--threads=1",
  `--window-bits=${settings.windowBits}`,
  `--connection-window-bits=${settings.connectionWindowBits}`,
  `--tls13-ciphers=${settings.cipher}`,
  ...options.fields.map(([name, value]) => `--header=${name}: ${value}`),
  ...(options.upload === undefined ? [] : [`--data=${options.upload}`]),
  ...(options.http1 ? ["--h1"] : []),
  ...(list === undefined ? [options.url] : [`--input-file=${list}`])
]

/** Writes what to ask for, one URL a line: h2load takes each of its connections through all of them. */
const writeList = (url: string, paths: ReadonlyArray<string>): string => {
  const file = join(Children.temporaryFolder(), "urls.txt")
  writeFileSync(file, paths.map((path) => `${new URL(path, url).href}\n`).join(""))
  return file
}

/** Whether it is here. */
export const isInstalled = (): boolean => Children.isInstalled("h2load")

const PATIENCE = 20_000

const execute = async (
  args: ReadonlyArray<string>,
  onLine: (line: string) => void,
  patience: number
): Promise<LoadResult> => {
  const child = Children.start("h2load", args, "load")
  const lines: Array<string> = []
  child.onLine((line) => {
    onLine(line)
    lines.push(line)
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    void child.stop()
  }, patience)
  const code = await child.ended
  clearTimeout(timer)
  if (late) throw new Error("h2load did not end")
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${child.errors() || lines.slice(-3).join(" ")}`)
  return parse(lines.join("\n"))
}

/** Requests of the first run for each that is open at once, and how many there are at least. */
const FIRST_REQUESTS = 2
const LEAST_FIRST_REQUESTS = 32

/** Runs it once. */
export const run = async (options: LoadOptions): Promise<LoadResult> => {
  const args = toArguments(options, options.paths === undefined ? undefined : writeList(options.url, options.paths))
  const requests = Math.max(LEAST_FIRST_REQUESTS, FIRST_REQUESTS * options.connections * options.streams)
  const first = await execute([`--requests=${requests}`, ...args], () => undefined, PATIENCE)
  if (first.failed > 0) throw new Error(`${first.failed} of the first ${requests} requests failed`)
  const times = [`--warm-up-time=${options.warmupMillis}ms`, `--duration=${options.durationMillis}ms`]
  return execute(
    [...times, ...args],
    (line) => {
      if (line.startsWith("Main benchmark duration is started")) options.onStart()
      if (line.startsWith("Main benchmark duration is over")) options.onEnd()
    },
    options.warmupMillis + options.durationMillis + PATIENCE
  )
}
