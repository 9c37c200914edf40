/**
 * A limit of ours that the peer learns of by SETTINGS (RFC 9113 §6.5.3). Until it acknowledges a value it may go by the one before, or by any that it
 * has not acknowledged yet: what holds for it is the most generous of them. Called by localSettings.ts, and by the frame decoder for frame sizes.
 */
export class AnnouncedLimit {
  /** The largest of the values that the peer may go by. */
  most: number
  /** What it acknowledged last, and behind that what it has not, in the order in which it was sent; there while there is any of that. */
  private values: Array<number> | undefined = undefined

  constructor(initial: number) {
    this.most = initial
  }

  /** SETTINGS with `value`, or that leave it at `value`, are sent. */
  announce(value: number): void {
    if (this.values === undefined) this.values = [this.most, value]
    else this.values.push(value)
    if (value > this.most) this.most = value
  }

  /** The oldest SETTINGS that were not acknowledged are. */
  acknowledge(): void {
    const { values } = this
    if (values === undefined) return
    values.shift()
    this.most = values.reduce((most, value) => Math.max(most, value))
    if (values.length === 1) this.values = undefined
  }
}
