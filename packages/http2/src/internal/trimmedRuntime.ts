/**
 * A runtime to fork many short fibers from: without the FiberRefs that have their initial value anyway, since each of them costs at every fork. Called
 * once for each listener.
 */
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as HashSet from "effect/HashSet"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

/** `runtime` with the same meaning. */
export const trimmed = <R>(runtime: Runtime.Runtime<R>): Runtime.Runtime<R> => {
  let { fiberRefs } = runtime
  const none = FiberRefs.empty()
  for (const ref of HashSet.fromIterable(FiberRefs.fiberRefs(fiberRefs))) {
    // The context and the flags are in the runtime itself.
    const isElsewhere = Object.is(ref, FiberRef.currentContext) || Object.is(ref, FiberRef.currentRuntimeFlags)
    if (isElsewhere || Object.is(FiberRefs.getOrDefault(fiberRefs, ref), FiberRefs.getOrDefault(none, ref))) {
      fiberRefs = FiberRefs.delete(fiberRefs, ref)
    }
  }
  return Runtime.make({ context: runtime.context, fiberRefs, runtimeFlags: runtime.runtimeFlags })
}

/**
 * `runtime` for receivers: a read that has woken one is dispatched before the fibers of handlers that are ready to run go on, however many they are. A new
 * connection does not wait behind those that are busy.
 */
export const ahead = <R>(runtime: Runtime.Runtime<R>): Runtime.Runtime<R> => {
  const ref = FiberRef.currentSchedulingPriority
  // Lower ones run first.
  return Runtime.setFiberRef(runtime, ref, FiberRefs.getOrDefault(runtime.fiberRefs, ref) - 1)
}

/** `runtime` with interruption off, for fibers that open it where they can be interrupted. */
export const uninterruptible = <R>(runtime: Runtime.Runtime<R>): Runtime.Runtime<R> =>
  Runtime.updateRuntimeFlags(runtime, (flags) => RuntimeFlags.disable(flags, RuntimeFlags.Interruption))
