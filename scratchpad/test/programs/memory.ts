import { readFileSync } from "node:fs"

/** The most memory that a process has had resident so far, in MiB; undefined where the system does not tell. */
export const peakMemory = (pid: number | undefined): number | undefined => {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024
  } catch {
    return undefined
  }
}
