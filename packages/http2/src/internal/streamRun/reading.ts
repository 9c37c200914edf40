/**
 * The Channels of one run that wait for one another: the one that is stepped, and those that read from it, in an array, so that no depth of a Stream is a
 * depth of the stack. Who runs it runs the effects that it asks for.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AnyEffect, AnyExit } from "./nodes.js"
import {
  BROKEN,
  CONTINUE,
  DONE,
  EFFECT,
  EMIT,
  FAILED,
  GUARD,
  READ,
  YIELD,
  type Afterwards,
  type Run,
  type Running,
  type Step
} from "./steps.js"

/** What stops a reading: `takeOut` has an element, the end in `exit`, or it has to be asked, let rest or be guarded, and run on. */
export type Stop = typeof EMIT | typeof DONE | typeof EFFECT | typeof YIELD | typeof GUARD

interface Resumed {
  readonly onSuccess: (value: unknown) => AnyEffect
  readonly onFailure: (cause: Cause.Cause<unknown>) => AnyEffect
}

export class Reading {
  private out: unknown = undefined
  exit: AnyExit = Exit.void
  private isOver = false
  private readonly readers: Array<Running> = []
  private active: Running
  private step: Step = CONTINUE
  private resume: Resumed | undefined = undefined

  constructor(
    readonly top: Running,
    readonly shared: Run
  ) {
    this.active = top
  }

  run(): Stop {
    if (this.isOver) return DONE
    try {
      return this.runOn()
    } catch (error) {
      return this.end(Exit.die(error))
    }
  }

  private runOn(): Stop {
    const { readers } = this
    let { step } = this
    this.step = CONTINUE
    for (;;) {
      const { active } = this
      switch (step) {
        case CONTINUE:
          step = active.step()
          break
        case READ: {
          const { source } = active
          if (source === undefined) return this.end(Exit.die(new Cause.RuntimeException(noInput)))
          readers.push(active)
          this.active = source
          step = CONTINUE
          break
        }
        case EMIT: {
          const { out } = active
          // Who waits for the next element does not hold the last one.
          active.out = undefined
          const reader = readers.pop()
          if (reader === undefined) {
            this.out = out
            return EMIT
          }
          this.active = reader
          step = reader.receive(out)
          break
        }
        case DONE: {
          const exit = active.exit ?? Exit.void
          const reader = readers.pop()
          if (reader === undefined) return this.end(exit)
          this.active = reader
          step = reader.receiveExit(exit)
          break
        }
        case BROKEN: {
          const reader = readers.pop()
          if (reader === undefined) return this.end(Exit.failCause(active.failure))
          this.active = reader
          step = reader.receiveExit(Exit.failCause(active.failure))
          break
        }
        case FAILED:
          return this.end(Exit.failCause(active.failure))
        case EFFECT:
          // One that is interrupted is asked for again by whoever pulls again.
          this.step = EFFECT
          return EFFECT
        case YIELD:
        case GUARD:
          return step
      }
    }
  }

  private end(exit: AnyExit): typeof DONE {
    this.isOver = true
    this.exit = exit
    this.readers.length = 0
    return DONE
  }

  /** The element that `run` has stopped at. */
  takeOut(): unknown {
    const { out } = this
    this.out = undefined
    return out
  }

  /** The effect that was asked for, what its result means, and `next`, which is the same each time. */
  asked(next: () => AnyEffect): AnyEffect {
    const { active } = this
    // Children that are over are finalized before the upstream that they came from goes on.
    const closing = this.readers[this.readers.length - 1]?.takeClosing()
    if (closing !== undefined) {
      return Effect.flatMap(this.uninterrupted(closing, this.closed(active)), next)
    }
    const { afterwards } = active
    return afterwards === undefined
      ? Effect.matchCauseEffect(active.effect, this.resumed(next))
      : Effect.flatMap(this.uninterrupted(active.effect, afterwards), next)
  }

  /** What the result of the effect of a node means. */
  private resumed(next: () => AnyEffect): Resumed {
    return (this.resume ??= {
      onSuccess: (value) => {
        this.step = this.active.settle(Exit.succeed(value))
        return next()
      },
      onFailure: (cause) => {
        this.step = this.active.settle(Exit.failCause(cause))
        return next()
      }
    })
  }

  private closed(active: Running): Afterwards {
    return {
      onSuccess: () => EFFECT,
      onFailure: (cause) => {
        active.failure = cause
        return BROKEN
      }
    }
  }

  /** An effect of the Channel's own and what follows it are one. */
  private uninterrupted(effect: AnyEffect, afterwards: Afterwards): AnyEffect {
    return Effect.uninterruptible(
      Effect.matchCause(effect, {
        onSuccess: (value) => {
          this.step = this.settle(afterwards.onSuccess, value)
        },
        onFailure: (cause) => {
          this.step = this.settle(afterwards.onFailure, cause)
        }
      })
    )
  }

  private settle<A>(f: (value: A) => Step, value: A): Step {
    try {
      return f(value)
    } catch (error) {
      this.active.failure = Cause.die(error)
      return FAILED
    }
  }

  /** Others have their turn. */
  rest(): Effect.Effect<void> {
    this.shared.yielded()
    return Effect.yieldNow()
  }
}

const noInput = "Unexpected end of input for channel execution"
