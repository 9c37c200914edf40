/**
 * Runs a Channel in the fiber that asks for it: what it emits goes to a plain function, and the fiber sees nothing but the effects that are in the Channel.
 * Called by StreamRun.ts, and by whatever of ours takes a Stream.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as EffectRun from "./effectRun.js"
import type { Source } from "./effectRun.js"
import { areNodesKnown, nodeOf, type AnyEffect, type AnyExit } from "./nodes.js"
import { Puller } from "./puller.js"
import { Reading } from "./reading.js"
import { DONE, EFFECT, EMIT, GUARD, Run, YIELD } from "./steps.js"

const begin = (channel: object, fiber: Fiber.RuntimeFiber<unknown, unknown>): Reading => {
  const run = new Run(fiber.getFiberRef(FiberRef.currentMaxOpsBeforeYield))
  return new Reading(new Puller(nodeOf(channel), run, undefined, undefined, undefined), run)
}

/** One who takes all that a Channel emits. */
class Driver {
  constructor(
    private readonly reading: Reading,
    private readonly onElement: (element: unknown) => AnyEffect | undefined,
    private readonly onDone: (done: unknown) => AnyEffect,
    private readonly scope: Scope.Scope | undefined
  ) {}

  readonly go = (): AnyEffect => {
    const { reading, onElement } = this
    for (;;) {
      switch (reading.run()) {
        case EMIT: {
          const wait = onElement(reading.takeOut())
          if (wait !== undefined) return Effect.flatMap(wait, this.go)
          break
        }
        case DONE:
          return Exit.isSuccess(reading.exit) ? this.onDone(reading.exit.value) : reading.exit
        case EFFECT:
          return reading.asked(this.go)
        case YIELD:
          return Effect.flatMap(reading.rest(), this.go)
        case GUARD:
          return this.scope === undefined ? this.guarded() : Effect.flatMap(guardIn(reading, this.scope), this.go)
      }
    }
  }

  /** What is left runs so that, whatever becomes of it, the Channel is closed behind it. */
  private guarded(): AnyEffect {
    return Effect.uninterruptibleMask((restore) => {
      this.reading.shared.isGuarded = true
      return Effect.matchCauseEffect(restore(Effect.suspend(this.go)), {
        onFailure: (cause) => this.close(Exit.failCause(cause)),
        onSuccess: (value) => this.close(Exit.succeed(value))
      })
    })
  }

  private close(exit: AnyExit): AnyEffect {
    const closing = this.reading.top.close(exit)
    if (closing === undefined) return exit
    return Effect.matchCauseEffect(closing, {
      onFailure: (cause) => Effect.failCause(Exit.isSuccess(exit) ? cause : Cause.sequential(exit.cause, cause)),
      onSuccess: () => exit
    })
  }
}

/** From here on `scope` closes the Channel, with the context of the fiber that asks for it. */
const guardIn = (reading: Reading, scope: Scope.Scope): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.contextWithEffect((context) =>
      Effect.zipRight(
        Scope.addFinalizerExit(scope, (exit) => {
          const closing = reading.top.close(exit)
          // A finalizer of a scope has no error channel; those of a Channel have none either.
          return closing === undefined ? Effect.void : Effect.orDie(Effect.provide(closing, context))
        }),
        Effect.sync(() => {
          reading.shared.isGuarded = true
        })
      )
    )
  )

/**
 * Gives each element to `onElement`, which answers with an effect where the next one has to wait, and how the Channel ended to `onDone`. Finalizers of the
 * Channel run behind that, or, where there is a `scope`, when the scope is closed.
 */
export const drive: typeof EffectRun.drive = (channel, onElement, onDone, scope) =>
  areNodesKnown ? driveNodes(channel, onElement, onDone, scope) : EffectRun.drive(channel, onElement, onDone, scope)

const driveNodes = <Out, E, Done, R, B, E2, R2, E3, R3>(
  channel: Source<Out, E, Done, R>,
  onElement: (element: Out) => Effect.Effect<unknown, E2, R2> | undefined,
  onDone: (done: Done) => Effect.Effect<B, E3, R3>,
  scope?: Scope.Scope
): Effect.Effect<B, E | E2 | E3, R | R2 | R3> => {
  const program: AnyEffect = Effect.withFiberRuntime((fiber) =>
    // The nodes of a Channel carry no types: here they are given back.
    new Driver(
      begin(channel, fiber),
      onElement as (element: unknown) => AnyEffect | undefined,
      onDone as (done: unknown) => AnyEffect,
      scope
    ).go()
  )
  return program as Effect.Effect<B, E | E2 | E3, R | R2 | R3>
}

/** The elements of a Channel one by one, each when it is asked for; fails with none at the end. Finalizers run when `scope` is closed. */
export const pullIn: typeof EffectRun.pullIn = (channel, scope) =>
  areNodesKnown ? pullNodes(channel, scope) : EffectRun.pullIn(channel, scope)

const pullNodes = <Out, E, Done, R>(
  channel: Source<Out, E, Done, R>,
  scope: Scope.Scope
): Effect.Effect<Effect.Effect<Out, Option.Option<E>, R>> =>
  Effect.withFiberRuntime((fiber) => {
    const reading = begin(channel, fiber)
    const next = (): AnyEffect => {
      switch (reading.run()) {
        case EMIT:
          return Effect.succeed(reading.takeOut())
        case DONE:
          return Exit.isSuccess(reading.exit)
            ? endOfStream
            : Effect.failCause(Cause.map(reading.exit.cause, Option.some))
        case EFFECT:
          return reading.asked(next)
        case YIELD:
          return Effect.flatMap(reading.rest(), next)
        case GUARD:
          return Effect.flatMap(guardIn(reading, scope), next)
      }
    }
    return Effect.succeed(Effect.suspend(next) as Effect.Effect<Out, Option.Option<E>, R>)
  })

const endOfStream = Effect.fail(Option.none())
