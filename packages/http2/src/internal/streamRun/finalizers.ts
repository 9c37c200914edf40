/**
 * What waits on the stack of a Channel to be run when the nodes above it have ended. Each belongs to one node; what it does has no effect to wait for where
 * there is nothing to finalize below it.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { AnyEffect, AnyExit, BracketOut, Ensuring } from "./nodes.js"
import type { Running } from "./steps.js"

/** Runs once; an effect is to be waited for before the next one runs. */
export interface Finalizer {
  readonly _tag: "Finalizer"
  run(puller: Running, exit: AnyExit): AnyEffect | undefined
}

/** `Ensuring`: runs with the context of whoever runs the Stream. */
export class Ensured implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(private readonly node: Ensuring) {}
  run(_puller: Running, exit: AnyExit): AnyEffect {
    return Effect.suspend(() => this.node.finalizer(exit))
  }
}

/** `BracketOut`: releases with the context that is provided there. */
export class Release implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(
    private readonly node: BracketOut,
    private readonly resource: unknown
  ) {}
  run(puller: Running, exit: AnyExit): AnyEffect {
    return Effect.suspend(() => puller.provided(this.node.finalizer(this.resource, exit)))
  }
}

/** `PipeTo`: its left side is closed, and what was read before it is read again. */
export class RestoreInput implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(private readonly input: Running | undefined) {}
  run(puller: Running, exit: AnyExit): AnyEffect | undefined {
    const { input } = puller
    puller.input = this.input
    return input?.close(exit)
  }
}

/** `Provide`. */
export class RestoreContext implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(private readonly context: Context.Context<unknown> | undefined) {}
  run(puller: Running): undefined {
    puller.context = this.context
  }
}

/** `Bridge`: its fiber is interrupted; what it read is the input again. */
export class StopBridge implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(
    private readonly fiber: Fiber.Fiber<unknown, unknown>,
    private readonly input: Running
  ) {}
  run(puller: Running, exit: AnyExit): AnyEffect {
    const restore = new RestoreInput(this.input)
    return Effect.flatMap(Fiber.interrupt(this.fiber), () => restore.run(puller, exit) ?? Effect.void)
  }
}

/** `ConcatAll`: what it read from is closed with the exit that it ended with. */
export class CloseParts implements Finalizer {
  readonly _tag = "Finalizer"
  constructor(
    private readonly exit: AnyExit,
    private readonly parts: ReadonlyArray<(exit: AnyExit) => AnyEffect | undefined>
  ) {}
  run(): AnyEffect | undefined {
    return inOrder(this.parts.map((part) => () => part(this.exit)))
  }
}

/**
 * Runs all of `parts`, one after another, whatever becomes of the others, and fails with all that failed. Those before the first one that has an effect run
 * at once.
 */
export const inOrder = (parts: ReadonlyArray<() => AnyEffect | undefined>): AnyEffect | undefined => {
  let at = 0
  let failure: Cause.Cause<unknown> | undefined = undefined
  const next = (): AnyEffect | undefined => {
    while (at < parts.length) {
      const effect = parts[at++]?.()
      if (effect !== undefined) return Effect.matchCauseEffect(effect, { onFailure, onSuccess })
    }
    return failure === undefined ? undefined : Effect.failCause(failure)
  }
  const onSuccess = (): AnyEffect => next() ?? Effect.void
  const onFailure = (cause: Cause.Cause<unknown>): AnyEffect => {
    failure = failure === undefined ? cause : Cause.sequential(failure, cause)
    return onSuccess()
  }
  return next()
}
