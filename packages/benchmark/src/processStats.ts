/**
 * What Linux knows of a process and its descendants: CPU time and peak memory, read from /proc. Undefined on other systems. A program
 * with a master and a worker process (nginx) is the sum of them.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

const ticksPerSecond = ((): number => {
  const result = spawnSync("getconf", ["CLK_TCK"], { encoding: "latin1" })
  return result.error === undefined ? Number(result.stdout) || 100 : 100
})()

const descendants = (pid: number): ReadonlyArray<number> => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")
    .split(" ")
    .filter((child) => child.trim() !== "")
    .map(Number)
  return [pid, ...children.flatMap(descendants)]
}

const sum = (pid: number, read: (pid: number) => number): number | undefined => {
  try {
    const total = descendants(pid).reduce((total, each) => total + read(each), 0)
    return Number.isNaN(total) ? undefined : total
  } catch {
    return undefined
  }
}

/** CPU time spent so far in user and kernel mode, in microseconds, in steps of 10,000. */
export const cpuMicros = (pid: number): number | undefined =>
  sum(pid, (each) => {
    const stat = readFileSync(`/proc/${each}/stat`, "latin1")
    // The command's name in parentheses may hold anything; `utime` and `stime` are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000_000
  })

/** The most memory that was ever resident, in octets. */
export const peakBytes = (pid: number): number | undefined =>
  sum(pid, (each) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, "latin1"))?.[1]) * 1024)

/** Time that a core has worked so far, for whatever process, in microseconds. */
export const coreMicros = (core: number): number | undefined => {
  try {
    const line = new RegExp(`^cpu${core} (.+)$`, "m").exec(readFileSync("/proc/stat", "latin1"))?.[1]
    if (line === undefined) return undefined
    // user, nice, system, idle, iowait, irq, softirq, steal
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.trim().split(/\s+/).map(Number)
    return ((user + nice + system + irq + softirq + steal) / ticksPerSecond) * 1_000_000
  } catch {
    return undefined
  }
}
