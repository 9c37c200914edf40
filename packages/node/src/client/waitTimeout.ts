/**
 * Sees to it that nobody waits for a connection unseen, or for ever: a warning behind a second, once until nobody waits any more, and the end of each that has
 * waited for as long as the options allow. Made by pool.ts.
 */
import type * as Http2Error from "@effect-http2/engine/Http2Error"
import type { Cancel, Connection, Timer } from "./exchange.js"
import { waitedTooLong } from "./poolErrors.js"
import type { PoolStats } from "./poolStats.js"
import type { Waiters } from "./waiters.js"

/** What keeps those waiting that do. */
export interface Obstacle {
  /** The option, where one is in the way. */
  readonly limit: "maxConnections" | "maxHttp1Connections" | undefined
  readonly reason: string
  readonly cause?: Http2Error.Http2Error
}

/** What a wait is told to. */
export interface WaitReports {
  /** `limit` is the option that is in the way. */
  readonly limitReached: (limit: string) => void
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void
  /** A time in words. */
  readonly format: (millis: number) => string
}

const opening: Obstacle = { limit: undefined, reason: "a connection is being opened" }

/** In ms; one who waits for less, as many do in a burst, is not worth a word. */
const warnAfter = 1000

export class WaitTimeout<Response> {
  private watching: Cancel | undefined = undefined
  private looked = Number.NEGATIVE_INFINITY
  private hasWarned = false
  private hasCounted = false

  constructor(
    /** The origin's, for people. */
    private readonly key: string,
    private readonly waiters: Waiters<Connection<Response>>,
    private readonly timer: Timer,
    private readonly maxWait: number,
    private readonly stats: PoolStats,
    private readonly reports: WaitReports,
    private readonly obstacle: () => Obstacle | undefined
  ) {}

  /** Somebody waits. */
  begin(): void {
    if (this.watching === undefined) this.watch()
  }

  /** Nobody does any more. */
  end(): void {
    this.watching?.()
    this.watching = undefined
    this.hasWarned = false
    this.hasCounted = false
  }

  /** Those that wait do so because of an option: counted once, until nobody does any more. */
  limitReached(limit: string): void {
    if (this.hasCounted) return
    this.hasCounted = true
    this.stats.limitsReached++
    this.reports.limitReached(limit)
  }

  private watch(): void {
    const { since } = this.waiters
    if (since === undefined) return
    const warning = this.hasWarned ? Number.POSITIVE_INFINITY : Math.max(since + warnAfter, this.looked + warnAfter)
    const due = Math.min(since + this.maxWait, warning)
    if (due === Number.POSITIVE_INFINITY) return
    this.watching = this.timer.after(Math.max(0, due - this.timer.now()), () => {
      this.watching = undefined
      this.look(this.timer.now())
      this.begin()
    })
  }

  private look(now: number): void {
    this.looked = now
    const { key, maxWait, reports, waiters } = this
    const obstacle = this.obstacle()
    waiters.expire(now - maxWait, waitedTooLong(key, reports.format(maxWait), obstacle ?? opening))
    const { since } = waiters
    if (this.hasWarned || obstacle === undefined || since === undefined || since > now - warnAfter) return
    this.hasWarned = true
    reports.warn(`requests to ${key} wait for a free stream or connection: ${obstacle.reason}`, {
      waiting: waiters.size,
      ...(obstacle.limit === undefined ? undefined : { limit: obstacle.limit })
    })
  }
}
