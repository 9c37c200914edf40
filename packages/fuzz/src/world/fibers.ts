/**
 * Every fiber of a run, from its start to its end, and those that died. Called by Effect through world.ts.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import * as Supervisor from "effect/Supervisor"

export class Fibers extends Supervisor.AbstractSupervisor<void> {
  readonly running = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  /** What fibers died of. */
  readonly deaths: Array<unknown> = []

  override readonly value: Effect.Effect<void> = Effect.void

  override onStart<A, E, R>(
    _context: Context.Context<R>,
    _effect: Effect.Effect<A, E, R>,
    _parent: Option.Option<Fiber.RuntimeFiber<unknown, unknown>>,
    fiber: Fiber.RuntimeFiber<A, E>
  ): void {
    this.running.add(fiber)
  }

  override onEnd<A, E>(exit: Exit.Exit<A, E>, fiber: Fiber.RuntimeFiber<A, E>): void {
    this.running.delete(fiber)
    if (Exit.isFailure(exit)) for (const defect of Cause.defects(exit.cause)) this.deaths.push(defect)
  }

  clear(): void {
    this.running.clear()
    this.deaths.length = 0
  }
}
