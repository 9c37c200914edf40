/**
 * A limit of ours that the peer learns of by SETTINGS (RFC 9113 §6.5.3). Until it acknowledges a value it may go by the one before, or by any that it
 * has not acknowledged yet: what holds for it is the most generous of them. Called by localSettings.ts, and by the frame decoder for frame sizes.
 */
export class AnnouncedLimit {
  /** The largest of the values that the peer may go by. */
  most: number
  /** What it acknowledged last, and behind that what it has not, in the order in which it was sent. */
  private readonly values: Array<number>

  constructor(initial: number) {
    this.most = initial
    this.values = [initial]
  }

  /** SETTINGS with `value`, or that leave it at `value`, are sent. */
  announce(value: number): void {
    this.values.push(value)
    if (value > this.most) this.most = value
  }

  /** The oldest SETTINGS that were not acknowledged are. */
  acknowledge(): void {
    if (this.values.length === 1) return
    this.values.shift()
    this.most = this.values.reduce((most, value) => Math.max(most, value))
  }
}
