/**
 * Memory held by streams whose peer is alive and has taken next to nothing for `stallTimeout`. A reader that pauses is no attack,
 * but what it holds is bounded: beyond the budget, the streams that have stalled longest are reset. Each connection has its own budget, and shares one with the
 * connections that count into the same `Http2Stats`. Filled by deadlines.ts, emptied by the connection as streams end.
 */
import type { Http2Stats } from "../Http2Stats.js"

/** What can stall: a stream, or a connection of HTTP/1.1, which has one response at a time. */
export interface Stalled {
  /** Octets of memory that it holds for the peer. */
  readonly heldOctets: number
  /** Since when, in ms, the peer has let it stand; infinity where it does not. */
  readonly stalledSince: number
  /** Resets it; `limit` is the name of the option that was exceeded. */
  giveUp(limit: string): void
}

export class StallBudget {
  /** With the octets that each is counted for, in the order in which they were found to be overdue: the longest first. */
  private streams: Map<Stalled, number> | undefined = undefined
  octets = 0

  constructor(
    /** The option that bounds it. */
    private readonly limit: "maxStalledOctets" | "maxTotalStalledOctets",
    private readonly onChange?: (octets: number) => void
  ) {}

  /** `stream` is overdue. */
  add(stream: Stalled): void {
    const { heldOctets } = stream
    const streams = (this.streams ??= new Map())
    this.count(heldOctets - (streams.get(stream) ?? 0))
    streams.set(stream, heldOctets)
  }

  /** `stream` makes progress again, or is closed. */
  remove(stream: Stalled): void {
    const octets = this.streams?.get(stream)
    if (octets === undefined) return
    this.streams?.delete(stream)
    this.count(-octets)
  }

  private count(change: number): void {
    this.octets += change
    this.onChange?.(this.octets)
  }

  /** Gives up those that have stood longest until the others hold no more than `most`. `overdue`: who stands since then, or longer. */
  enforce(most: number, overdue: number): void {
    if (this.octets <= most || this.streams === undefined) return
    for (const stream of [...this.streams.keys()]) {
      if (this.octets <= most) return
      const isMoving = stream.stalledSince > overdue
      this.remove(stream)
      if (!isMoving) stream.giveUp(this.limit)
    }
  }
}

const shared = new WeakMap<Http2Stats, StallBudget>()

/** The budget of all connections that count into `stats`. */
export const sharedBudget = (stats: Http2Stats): StallBudget => {
  const known = shared.get(stats)
  if (known !== undefined) return known
  const budget = new StallBudget("maxTotalStalledOctets", (octets) => {
    stats.stalledOctets = octets
  })
  shared.set(stats, budget)
  return budget
}
