/**
 * Looks at the exchanges of an origin from time to time, whether their servers still move. One timer for all of them, and none while there are none. Made by
 * http1Connections.ts.
 */
import type { Cancel, Timer } from "./exchange.js"
import type { Http1Limits } from "./http1Limits.js"

export interface Watched {
  /** At the time of the clock, in ms. */
  look(now: number): void
}

/** How often is looked within a time limit: who breaks it is found a quarter of it later at most. */
const looks = 4

export class Http1Watch {
  private readonly watched = new Set<Watched>()
  private readonly period: number
  private stop: Cancel | undefined = undefined

  constructor(
    private readonly timer: Timer,
    { bodyTimeout, headersTimeout }: Http1Limits
  ) {
    this.period = Math.max(1, Math.min(bodyTimeout, headersTimeout) / looks)
  }

  add(watched: Watched): void {
    this.watched.add(watched)
    if (this.stop === undefined && this.period < Number.POSITIVE_INFINITY) this.start()
  }

  remove(watched: Watched): void {
    this.watched.delete(watched)
    if (this.watched.size > 0) return
    this.stop?.()
    this.stop = undefined
  }

  private start(): void {
    this.stop = this.timer.after(this.period, () => {
      this.stop = undefined
      const now = this.timer.now()
      for (const watched of this.watched) watched.look(now)
      if (this.watched.size > 0) this.start()
    })
  }
}
