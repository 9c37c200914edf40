/** How much memory is held once nothing is left to collect. */
import * as V8 from "node:v8"
import * as Vm from "node:vm"

const isFunction = (u: unknown): u is () => void => typeof u === "function"

const collector = (): (() => void) => {
  V8.setFlagsFromString("--expose-gc")
  const gc: unknown = Vm.runInNewContext("gc")
  if (!isFunction(gc)) throw new Error("there is no gc")
  return gc
}

let gc: (() => void) | undefined = undefined

/** Octets in use. */
export const heapUsed = (): number => {
  gc ??= collector()
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
