/**
 * A runtime to fork many short fibers from: without the FiberRefs that have their initial value anyway, since each of them costs at every fork. Called
 * once for each connection.
 */
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as HashSet from "effect/HashSet"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

/** `runtime` with the same meaning, and with interruption off, for fibers that open it where they can be interrupted. */
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
  return Runtime.make({
    context: runtime.context,
    fiberRefs,
    runtimeFlags: RuntimeFlags.disable(runtime.runtimeFlags, RuntimeFlags.Interruption)
  })
}
