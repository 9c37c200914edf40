/**
 * A budget that refills with time: `burst` at once, `rate` each second after. Called by abuseGuard.ts.
 */
export class TokenBucket {
  private tokens: number
  private filledAt: number

  constructor(
    private readonly burst: number,
    private readonly rate: number,
    now: number
  ) {
    this.tokens = burst
    this.filledAt = now
  }

  /** Takes one token; false where there is none. `now` in milliseconds. */
  take(now: number): boolean {
    const elapsed = now - this.filledAt
    if (elapsed > 0) {
      this.tokens = Math.min(this.burst, this.tokens + (elapsed * this.rate) / 1000)
      this.filledAt = now
    }
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}
