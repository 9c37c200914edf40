/**
 * The requests that wait for a connection, in order, as many as the options allow, and how long they do. Each pool has one.
 */
import type * as Http2Error from "@effect-http2/engine/Http2Error"
import { full } from "./poolErrors.js"
import type { PoolMetrics, PoolStats } from "./poolStats.js"

/** A request that wants a connection. */
export interface Waiter<Connection> {
  /** A connection on which it failed already. */
  readonly excluded: Connection | undefined
  /** Whether it has to be a connection of the origin's own. */
  readonly isOwnOnly?: boolean
  onConnection(connection: Connection): void
  onNoConnection(error: Http2Error.Http2Error): void
}

export class Waiters<Connection> {
  /** With the times since when. */
  private readonly waiters = new Map<Waiter<Connection>, number>()
  private isServing = false

  constructor(
    private readonly most: number,
    private readonly stats: PoolStats,
    private readonly metrics: PoolMetrics,
    private readonly now: () => number,
    /** Told when somebody waits, and when nobody does any more. */
    private readonly onWaiting: (isAnyone: boolean) => void
  ) {}

  get isEmpty(): boolean {
    return this.waiters.size === 0
  }

  get size(): number {
    return this.waiters.size
  }

  /** Whether somebody stands before one who comes now. */
  get isAhead(): boolean {
    return this.waiters.size > 0 && !this.isServing
  }

  /** Since when the first has waited. */
  get since(): number | undefined {
    for (const since of this.waiters.values()) return since
    return undefined
  }

  /** Whether the first wants a connection of the origin's own. */
  get wantsOwn(): boolean {
    for (const waiter of this.waiters.keys()) return waiter.isOwnOnly === true
    return false
  }

  /** False, with `waiter` turned away, where there are too many. */
  add(waiter: Waiter<Connection>): boolean {
    const { stats } = this
    if (this.waiters.size >= this.most) {
      stats.rejected++
      waiter.onNoConnection(full(this.most))
      return false
    }
    stats.waiting++
    stats.waited++
    this.metrics.waiting(1)
    this.waiters.set(waiter, this.now())
    if (this.waiters.size === 1) this.onWaiting(true)
    return true
  }

  /** `waiter` does not want a connection any more. */
  withdraw(waiter: Waiter<Connection>): void {
    if (!this.waiters.delete(waiter)) return
    this.stats.waiting--
    this.metrics.waiting(-1)
    if (this.waiters.size === 0) this.onWaiting(false)
  }

  private leave(waiter: Waiter<Connection>, since: number): void {
    this.withdraw(waiter)
    const waited = this.now() - since
    this.stats.waitedMillis += waited
    this.metrics.waited(waited)
  }

  /** Gives connections to those that wait, in order, until there is none. */
  serve(find: (waiter: Waiter<Connection>) => Connection | undefined): void {
    if (this.isServing || this.isEmpty) return
    this.isServing = true
    try {
      for (const [waiter, since] of this.waiters) {
        const connection = find(waiter)
        if (connection === undefined) return
        this.leave(waiter, since)
        waiter.onConnection(connection)
      }
    } finally {
      this.isServing = false
    }
  }

  /** Sends those away that have waited since `time` or longer. */
  expire(time: number, error: Http2Error.Http2Error): void {
    for (const [waiter, since] of [...this.waiters]) {
      if (since > time) return
      this.stats.expired++
      this.leave(waiter, since)
      waiter.onNoConnection(error)
    }
  }

  /** Sends all away. */
  refuse(error: Http2Error.Http2Error): void {
    for (const [waiter, since] of [...this.waiters]) {
      this.leave(waiter, since)
      waiter.onNoConnection(error)
    }
  }
}
