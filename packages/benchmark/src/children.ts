/**
 * Child processes, each pinned to a core and leader of its own process group, and everything else that must not outlive the run. Called
 * by whatever starts servers, loads and clients. However the run ends short of SIGKILL, `cleanUp` kills the groups and removes the
 * temporary folders; our own programs also end when their standard input does.
 */
import { spawn, spawnSync } from "node:child_process"
import type { ChildProcessByStdio } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

type Spawned = ChildProcessByStdio<Writable, Readable, Readable>

/** A running program. */
export interface Child {
  readonly pid: number
  /** What it has written to standard error so far, the end of it. */
  readonly errors: () => string
  /** Calls back with each line of standard output from now on. */
  readonly onLine: (listener: (line: string) => void) => void
  /** Writes a line to its standard input. */
  readonly ask: (line: string) => void
  /** Completes with its exit code once it has ended and its output was read; null when killed by a signal. */
  readonly ended: Promise<number | null>
  /** Whether it has ended already. */
  readonly hasEnded: () => boolean
  /** Asks it to end, kills it after 3 s, completes when it is gone. */
  readonly stop: () => Promise<void>
}

const running = new Set<Spawned>()
const folders = new Set<string>()

const kill = (child: Spawned, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

/** Whether a program answers to `flag`. */
export const isInstalled = (command: string, flag = "--version"): boolean =>
  spawnSync(command, [flag], { stdio: "ignore" }).error === undefined

const hasTaskset = isInstalled("taskset")

const allowedCores = (): ReadonlyArray<number> => {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? ""
    return list.split(",").flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split("-").map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
  } catch {
    return []
  }
}

const cores = allowedCores()

/** The core of what is measured and the core of what puts it under load; undefined where processes cannot be kept apart. */
export const pinning: { readonly tested: number; readonly load: number } | undefined =
  hasTaskset && cores[0] !== undefined && cores[1] !== undefined ? { tested: cores[0], load: cores[1] } : undefined

/** Starts a program on a core. */
export const start = (command: string, args: ReadonlyArray<string>, core: "tested" | "load"): Child => {
  const full = pinning === undefined ? [command, ...args] : ["taskset", "-c", String(pinning[core]), command, ...args]
  const child = spawn(full[0] ?? command, full.slice(1), { detached: true, stdio: ["pipe", "pipe", "pipe"] })
  running.add(child)
  let errors = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-2000)))
  child.stdin.on("error", () => undefined)
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      errors += error.message
      running.delete(child)
      resolve(-1)
    })
    child.once("close", (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const stop = async (): Promise<void> => {
    child.stdin.end()
    kill(child, "SIGTERM")
    const timer = setTimeout(() => kill(child, "SIGKILL"), 3000)
    await ended
    clearTimeout(timer)
  }
  let listener: (line: string) => void = () => undefined
  createInterface({ input: child.stdout }).on("line", (line) => listener(line))
  const onLine = (next: (line: string) => void): void => void (listener = next)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const ask = (line: string): void => void child.stdin.write(`${line}\n`)
  return { pid: child.pid ?? -1, errors: () => errors.trim(), onLine, ask, ended, hasEnded, stop }
}

/** A temporary folder that `cleanUp` removes. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "effect-http2-bench-"))
  folders.add(folder)
  return folder
}

/** Kills what still runs and removes the temporary folders. Synchronous, because it stands in an `exit` listener. */
export const cleanUp = (): void => {
  for (const child of running) kill(child, "SIGKILL")
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  running.clear()
  folders.clear()
}

/** Cleans up at every end of this process that can be noticed. */
export const cleanUpAtExit = (): void => {
  process.once("exit", cleanUp)
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, code] of Object.entries(codes)) process.once(signal, () => process.exit(code))
}
