/** How much memory is held once nothing is left to collect. */
import * as V8 from "node:v8"
import * as Vm from "node:vm"

const collect = (): (() => void) => {
  V8.setFlagsFromString("--expose-gc")
  const gc: unknown = Vm.runInNewContext("gc")
  if (typeof gc !== "function") throw new Error("there is no gc")
  return () => void gc()
}

let gc: (() => void) | undefined = undefined

/** Octets in use. */
export const heapUsed = (): number => {
  gc ??= collect()
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
