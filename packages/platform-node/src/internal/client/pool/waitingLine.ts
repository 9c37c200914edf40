/**
 * The requests that wait for a place on a connection, in order, as many as the options allow, and how long they do. Each pool has one.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Place } from "../wire/message.js"
import { full } from "./poolErrors.js"
import { type PoolStats, waiting, waitingTime } from "./poolStats.js"

/** A request that wants a place. */
export interface Waiter {
  /** A connection on which it failed already. */
  readonly unwanted: Place | undefined
  /** Whether it has to be a connection of the origin's own. */
  readonly isOwnOnly?: boolean
  onPlace(place: Place): void
  onNoPlace(error: Http2Error.Http2Error): void
}

export class WaitingLine {
  /** With the times since when. */
  private readonly waiters = new Map<Waiter, number>()
  private isServing = false

  constructor(
    private readonly most: number,
    private readonly stats: PoolStats,
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
  add(waiter: Waiter): boolean {
    const { stats } = this
    if (this.waiters.size >= this.most) {
      stats.rejected++
      waiter.onNoPlace(full(this.most))
      return false
    }
    stats.waiting++
    stats.waited++
    waiting.unsafeUpdate(1, [])
    this.waiters.set(waiter, this.now())
    if (this.waiters.size === 1) this.onWaiting(true)
    return true
  }

  /** `waiter` does not want a place any more. */
  withdraw(waiter: Waiter): void {
    if (!this.waiters.delete(waiter)) return
    this.stats.waiting--
    waiting.unsafeUpdate(-1, [])
    if (this.waiters.size === 0) this.onWaiting(false)
  }

  private leave(waiter: Waiter, since: number): void {
    this.withdraw(waiter)
    const waited = this.now() - since
    this.stats.waitedMillis += waited
    waitingTime.unsafeUpdate(waited, [])
  }

  /** Gives places out, in order, until there is none. */
  serve(find: (waiter: Waiter) => Place | undefined): void {
    if (this.isServing || this.isEmpty) return
    this.isServing = true
    try {
      for (const [waiter, since] of this.waiters) {
        const place = find(waiter)
        if (place === undefined) return
        this.leave(waiter, since)
        waiter.onPlace(place)
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
      waiter.onNoPlace(error)
    }
  }

  /** Sends all away. */
  refuse(error: Http2Error.Http2Error): void {
    for (const [waiter, since] of [...this.waiters]) {
      this.leave(waiter, since)
      waiter.onNoPlace(error)
    }
  }
}
