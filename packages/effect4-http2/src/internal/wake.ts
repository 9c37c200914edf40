/**
 * Fibers that wait for the engine go on behind its step. Effect resumes and interrupts a fiber at once, in the middle of what calls it; the engine calls in
 * the middle of what it does, and a fiber that acted on it there would find it half done. Called wherever the engine has a listener of ours.
 */
import * as Effect from "effect/Effect"

/** Runs `task` behind the step that the engine is in. */
export const behindStep = (task: () => void): void => void Promise.resolve().then(task)

/** `Effect.callback` for a listener of the engine's. What is there already is there at once. */
export const awaitEngine = <A, E = never>(
  register: (resume: (effect: Effect.Effect<A, E>) => void) => void | Effect.Effect<void>
): Effect.Effect<A, E> =>
  Effect.callback((resume) => {
    let isRegistered = false
    const stop = register((effect) => {
      if (isRegistered) behindStep(() => resume(effect))
      else resume(effect)
    })
    isRegistered = true
    return stop
  })
