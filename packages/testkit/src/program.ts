/**
 * A program in a process of its own, beside a test: started, waited for by what it says, and stopped. Called by `peerServers.ts`, and by the
 * tests of the scratchpad for its programs.
 */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Program {
  readonly process: ChildProcess
  /** Completes when it has ended and all that it said was read. */
  readonly finished: Promise<Finished>
  /**
   * Completes once it has said something that `pattern` matches, to either of its outputs, with the first group of that, or all of it where
   * there is no group. Fails with all that it said where it ends without.
   */
  readonly says: (pattern: RegExp) => Promise<string>
  /** Sends SIGTERM, and waits for the end. */
  readonly stop: () => Promise<Finished>
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** The user whose process it is; only the superuser has a choice. */
  readonly uid?: number
}

const collect = (stream: NodeJS.ReadableStream): { text: string } => {
  const collected = { text: "" }
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    collected.text += chunk
  })
  return collected
}

export const start = (command: string, args: ReadonlyArray<string>, options: StartOptions = {}): Program => {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const finished = once(child, "close").then(([code]: ReadonlyArray<number | null>): Finished => ({
    code: code ?? null,
    stdout: stdout.text,
    stderr: stderr.text
  }))

  const says = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const forget = (): void => {
        child.stdout.off("data", look)
        child.stderr.off("data", look)
      }
      const look = (): void => {
        const found = pattern.exec(stdout.text) ?? pattern.exec(stderr.text)
        if (found === null) return
        forget()
        resolve(found[1] ?? found[0])
      }
      child.stdout.on("data", look)
      child.stderr.on("data", look)
      finished.then((end) => {
        forget()
        reject(new Error(`${command} ended with ${end.code}: ${end.stdout}${end.stderr}`))
      }, reject)
      look()
    })

  const stop = (): Promise<Finished> => {
    child.kill("SIGTERM")
    return finished
  }

  return { process: child, finished, says, stop }
}
