/**
 * The runtime to fork fibers from, where something that is no Effect calls for them: a socket's event, a stream of Node, a pool.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

/**
 * `Effect.runtime`, whose fibers can be interrupted wherever it is captured. The flags of a captured runtime are those of the fiber that captures it: in the
 * acquisition of a resource, a finalizer or an `Effect.uninterruptibleMask`, `Effect.runtime` gives one whose fibers nobody can stop. So it is the only
 * one that is captured in these packages.
 *
 * @since 0.1.0
 * @category constructors
 */
export const capture = <R = never>(): Effect.Effect<Runtime.Runtime<R>, never, R> =>
  // eslint-disable-next-line no-restricted-properties -- Here its flags are set right.
  Effect.map(Effect.runtime<R>(), (runtime) =>
    Runtime.updateRuntimeFlags(runtime, (flags) =>
      pipe(flags, RuntimeFlags.enable(RuntimeFlags.Interruption), RuntimeFlags.disable(RuntimeFlags.WindDown))
    )
  )
