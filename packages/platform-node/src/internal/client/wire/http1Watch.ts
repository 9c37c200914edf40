/**
 * Looks at the exchanges of an origin from time to time, whether their servers still move. One fiber for all of them, and none while there are none. Made by
 * http1Connections.ts.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { Http1Limits } from "@effect-http2/node/client/http1Limits"

export interface Watched {
  /** At the time of the clock, in ms. */
  look(now: number): void
}

/** How often is looked within a time limit: who breaks it is found a quarter of it later at most. */
const looks = 4

export class Http1Watch {
  private readonly watched = new Set<Watched>()
  private readonly period: number
  private fiber: Fiber.RuntimeFiber<never> | undefined = undefined

  constructor(
    private readonly runtime: Runtime.Runtime<never>,
    private readonly now: () => number,
    { bodyTimeout, headersTimeout }: Http1Limits
  ) {
    this.period = Math.max(1, Math.min(bodyTimeout, headersTimeout) / looks)
  }

  add(watched: Watched): void {
    this.watched.add(watched)
    if (this.period < Number.POSITIVE_INFINITY) this.fiber ??= Runtime.runFork(this.runtime)(this.program)
  }

  remove(watched: Watched): void {
    this.watched.delete(watched)
    if (this.watched.size > 0) return
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
  }

  private get program(): Effect.Effect<never> {
    const look = Effect.sync(() => {
      const now = this.now()
      for (const watched of this.watched) watched.look(now)
    })
    return Effect.forever(Effect.zipRight(Effect.sleep(this.period), look))
  }
}
