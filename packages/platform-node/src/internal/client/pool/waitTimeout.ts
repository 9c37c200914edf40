/**
 * Sees to it that nobody waits for a connection unseen, or for ever: a warning behind a second, once until nobody waits any more, and the end of each that has
 * waited for as long as the options allow. Made by pool.ts, whose fibers it runs in.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as MetricLabel from "effect/MetricLabel"
import { waitedTooLong } from "@effect-http2/node/client/poolErrors"
import type { PoolStats } from "@effect-http2/node/client/poolStats"
import { limitsReached } from "./poolMetrics.js"
import type { Connection } from "../wire/exchange.js"
import type { Fibers } from "./fibers.js"
import type { Waiters } from "@effect-http2/node/client/waiters"

/** What keeps those waiting that do. */
export interface Obstacle {
  /** The option, where one is in the way. */
  readonly limit: "maxConnections" | "maxHttp1Connections" | undefined
  readonly reason: string
  readonly cause?: Http2Error.Http2Error
}

const opening: Obstacle = { limit: undefined, reason: "a connection is being opened" }

/** In ms; one who waits for less, as many do in a burst, is not worth a word. */
const warnAfter = 1000

export class WaitTimeout {
  private watching: Fiber.RuntimeFiber<void> | undefined = undefined
  private looked = Number.NEGATIVE_INFINITY
  private hasWarned = false
  private hasCounted = false

  constructor(
    /** The origin's, for people. */
    private readonly key: string,
    private readonly waiters: Waiters<Connection>,
    private readonly fibers: Fibers,
    private readonly maxWait: number,
    private readonly stats: PoolStats,
    private readonly now: () => number,
    private readonly obstacle: () => Obstacle | undefined
  ) {}

  /** Somebody waits. */
  begin(): void {
    this.watching ??= this.fibers.fork(this.watch)
  }

  /** Nobody does any more. */
  end(): void {
    this.watching?.unsafeInterruptAsFork(FiberId.none)
    this.watching = undefined
    this.hasWarned = false
    this.hasCounted = false
  }

  /** Those that wait do so because of an option: counted once, until nobody does any more. */
  limitReached(limit: string): void {
    if (this.hasCounted) return
    this.hasCounted = true
    this.stats.limitsReached++
    limitsReached.unsafeUpdate(1, [MetricLabel.make("limit", limit)])
  }

  private get watch(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { since } = this.waiters
      if (since === undefined) return Effect.void
      const now = this.now()
      const warning = this.hasWarned ? Number.POSITIVE_INFINITY : Math.max(since + warnAfter, this.looked + warnAfter)
      const due = Math.min(since + this.maxWait, warning)
      if (due === Number.POSITIVE_INFINITY) return Effect.void
      return Effect.zipRight(
        Effect.sleep(Math.max(0, due - now)),
        Effect.suspend(() => Effect.zipRight(this.look(this.now()), this.watch))
      )
    })
  }

  private look(now: number): Effect.Effect<void> {
    this.looked = now
    const { waiters, maxWait } = this
    const obstacle = this.obstacle()
    waiters.expire(
      now - maxWait,
      waitedTooLong(this.key, Duration.format(Duration.millis(maxWait)), obstacle ?? opening)
    )
    const { since } = waiters
    if (this.hasWarned || obstacle === undefined || since === undefined || since > now - warnAfter) return Effect.void
    this.hasWarned = true
    return Effect.logWarning(`requests to ${this.key} wait for a place on a connection: ${obstacle.reason}`).pipe(
      Effect.annotateLogs({
        waiting: waiters.size,
        ...(obstacle.limit === undefined ? undefined : { limit: obstacle.limit })
      })
    )
  }
}
