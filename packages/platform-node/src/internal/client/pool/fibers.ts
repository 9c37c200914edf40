/**
 * What a pool has running in fibers of their own: dials, lookups, probes, closings. Made by pool.ts.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"

export class Fibers {
  private readonly fibers = new Set<Fiber.RuntimeFiber<void>>()

  constructor(
    private readonly runtime: Runtime.Runtime<never>,
    /** One is done. */
    private readonly onDone: () => void
  ) {}

  get isEmpty(): boolean {
    return this.fibers.size === 0
  }

  fork(effect: Effect.Effect<void>): Fiber.RuntimeFiber<void> {
    const fiber = Runtime.runFork(this.runtime)(effect)
    this.fibers.add(fiber)
    fiber.addObserver(() => {
      this.fibers.delete(fiber)
      this.onDone()
    })
    return fiber
  }

  /** Interrupts all, and waits until they have ended. */
  get interrupt(): Effect.Effect<void> {
    return Effect.suspend(() => Fiber.interruptAll(this.fibers))
  }

  /** Waits until all that run now have ended. */
  get await(): Effect.Effect<void> {
    return Effect.asVoid(Effect.suspend(() => Fiber.awaitAll([...this.fibers])))
  }
}
