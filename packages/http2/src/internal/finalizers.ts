/**
 * Finalizers that are in a scope while there is something to release, and are taken out again behind it: a scope that closes runs nothing then. Effect's
 * scopes take none back, so that this uses an internal field of theirs, which is checked when this module loads; where it is not as expected, `hold` is
 * never successful, and the finalizer is added the plain way, for good. Called by clientRequests.ts.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

type Finalizers = Map<object, Scope.Scope.Finalizer>

/** The finalizers of a scope that is open, last in first out; undefined of one that is closed, or not as expected. */
const finalizersOf = (scope: object): Finalizers | undefined => {
  if (!("state" in scope)) return undefined
  const { state } = scope
  if (typeof state !== "object" || state === null || !("finalizers" in state)) return undefined
  return state.finalizers instanceof Map ? state.finalizers : undefined
}

/** What this relies on: what is put into the field is run, once, and what is taken out is not; of a closed scope there is no field. */
const probe = (): boolean => {
  try {
    const scope = Effect.runSync(Scope.make())
    const finalizers = finalizersOf(scope)
    if (finalizers === undefined || finalizers.size !== 0) return false
    const run: Array<string> = []
    const note = (name: string) => () => Effect.sync(() => void run.push(name))
    Effect.runSync(Scope.addFinalizerExit(scope, note("added")))
    const [kept, taken] = [{}, {}]
    finalizers.set(kept, note("kept")).set(taken, note("taken"))
    finalizers.delete(taken)
    Effect.runSync(Scope.close(scope, Exit.void))
    return run.join() === "kept,added" && finalizersOf(scope) === undefined
  } catch {
    return false
  }
}

/** Whether finalizers can be taken out again. */
export const isDirect = probe()

/** What holds a finalizer in a scope. One for each; made by whoever has something to release. */
export abstract class Held {
  private finalizers: Finalizers | undefined = undefined

  /** What is run when the scope closes first. */
  protected abstract release(): void

  /** Puts the finalizer into `scope`. False where that cannot be: it is to be added by `Scope.addFinalizer` then. */
  hold(scope: Scope.Scope): boolean {
    this.finalizers = isDirect ? finalizersOf(scope) : undefined
    this.finalizers?.set(this, () => Effect.sync(() => this.release()))
    return this.finalizers !== undefined
  }

  /** There is nothing to release any more. */
  letGo(): void {
    this.finalizers?.delete(this)
    this.finalizers = undefined
  }
}
