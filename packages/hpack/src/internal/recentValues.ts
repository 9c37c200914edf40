/**
 * Decides whether a `:path` or a `date` is worth a place in the encoder's dynamic table. Called by `Encoder.ts`.
 *
 * Most of these values come once, and indexing those pushes out the fields that come always; a few come all the time. So a
 * value is indexed when it comes for the second time while it is among the last few, and never where it has a query or is
 * long.
 */
const slots = 8

/** Longer values are seldom sent twice. */
const longest = 64

export class RecentValues {
  private values: Array<string> = []
  private next: number = 0

  /** Whether a value could be indexed at all. */
  isCandidate(value: string): boolean {
    return value.length <= longest && !value.includes("?")
  }

  /** Whether the value is among the last few candidates. */
  has(value: string): boolean {
    return this.values.includes(value)
  }

  /** Remembers a candidate in place of the oldest one. */
  add(value: string): void {
    this.values[this.next] = value
    this.next = (this.next + 1) % slots
  }
}
