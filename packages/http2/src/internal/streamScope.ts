/**
 * The Scope of one stream: what a handler acquires is released when its stream is done. It costs nothing until something is added to it. Called by
 * handlers.ts, and through Effect's own `Scope` functions by whatever a handler runs.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import { pipeArguments } from "effect/Pipeable"
import * as Scope from "effect/Scope"

type Finalizers = Map<object, Scope.Scope.Finalizer>

/** What Effect's own scopes hold. */
type State =
  | { readonly _tag: "Open"; readonly finalizers: Finalizers }
  | { readonly _tag: "Closed"; readonly exit: Exit.Exit<unknown, unknown> }

export class StreamScope implements Scope.CloseableScope {
  readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId = Scope.ScopeTypeId
  readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId = Scope.CloseableScopeTypeId
  readonly strategy = ExecutionStrategy.sequential
  private finalizers: Finalizers | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined

  /** Whether closing it has nothing to run. */
  get isEmpty(): boolean {
    return this.finalizers === undefined || this.finalizers.size === 0
  }

  /** `Effect.forkIn`, and with it `forkScoped`, reads and writes this on any scope: it takes every scope for one of Effect's own. */
  get state(): State {
    return this.exit === undefined
      ? { _tag: "Open", finalizers: (this.finalizers ??= new Map<object, Scope.Scope.Finalizer>()) }
      : { _tag: "Closed", exit: this.exit }
  }

  addFinalizer(run: Scope.Scope.Finalizer): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.exit !== undefined) return run(this.exit)
      this.finalizers ??= new Map()
      this.finalizers.set({}, run)
      return Effect.void
    })
  }

  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope> {
    return Effect.flatMap(Scope.make(strategy), (child) => {
      if (this.exit !== undefined) return Effect.as(Scope.close(child, this.exit), child)
      const key = {}
      this.finalizers ??= new Map()
      this.finalizers.set(key, (exit) => Scope.close(child, exit))
      const forget = Effect.sync(() => {
        this.finalizers?.delete(key)
      })
      return Effect.as(Scope.addFinalizer(child, forget), child)
    })
  }

  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.exit !== undefined) return Effect.void
      this.exit = exit
      const { finalizers } = this
      this.finalizers = undefined
      if (finalizers === undefined) return Effect.void
      // Last in, first out; each runs whatever another does, and all failures show.
      return Effect.flatMap(
        Effect.forEach([...finalizers.values()].reverse(), (run) => Effect.exit(run(exit))),
        (exits) => exits.reduce<Exit.Exit<void>>((all, exit) => Exit.zipRight(all, Exit.asVoid(exit)), Exit.void)
      )
    })
  }

  pipe(): unknown {
    // eslint-disable-next-line prefer-rest-params -- what `pipeArguments` takes
    return pipeArguments(this, arguments)
  }
}
