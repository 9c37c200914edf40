/**
 * The Scope of one stream: what a handler acquires is released when its stream is done. It costs nothing until something is added to it. Called by
 * handlerRunner.ts, and through Effect's own `Scope` functions by whatever a handler runs.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import { pipeArguments } from "effect/Pipeable"
import * as Scope from "effect/Scope"

export class StreamScope implements Scope.CloseableScope {
  readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId = Scope.ScopeTypeId
  readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId = Scope.CloseableScopeTypeId
  readonly strategy = ExecutionStrategy.sequential
  private finalizers: Set<{ readonly run: Scope.Scope.Finalizer }> | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined

  /** Whether closing it has nothing to run. */
  get isEmpty(): boolean {
    return this.finalizers === undefined || this.finalizers.size === 0
  }

  addFinalizer(run: Scope.Scope.Finalizer): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.exit !== undefined) return run(this.exit)
      this.finalizers ??= new Set()
      this.finalizers.add({ run })
      return Effect.void
    })
  }

  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope> {
    return Effect.flatMap(Scope.make(strategy), (child) => {
      if (this.exit !== undefined) return Effect.as(Scope.close(child, this.exit), child)
      const entry = { run: (exit: Exit.Exit<unknown, unknown>) => Scope.close(child, exit) }
      this.finalizers ??= new Set()
      this.finalizers.add(entry)
      const forget = Effect.sync(() => {
        this.finalizers?.delete(entry)
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
        Effect.forEach([...finalizers].reverse(), (entry) => Effect.exit(entry.run(exit))),
        (exits) =>
          exits.reduce<Exit.Exit<void>>((all, exit) => Exit.zipRight(all, Exit.asVoid(exit)), Exit.void)
      )
    })
  }

  pipe(): unknown {
    return pipeArguments(this, arguments)
  }
}
