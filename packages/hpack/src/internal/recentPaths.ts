/**
 * Decides whether a `:path` is worth a place in the encoder's dynamic table. Called by `Encoder.ts`.
 *
 * Most paths come once, and indexing those pushes out the fields that come always; a few come all the time. So a path is
 * indexed when it comes for the second time while it is among the last few, and never where it has a query or is long.
 */
const slots = 8

/** Longer paths are seldom asked for twice. */
const longestPath = 64

export class RecentPaths {
  private paths: Array<string> = []
  private next: number = 0

  /** Whether a path could be indexed at all. */
  isCandidate(path: string): boolean {
    return path.length <= longestPath && !path.includes("?")
  }

  /** Whether the path is among the last few candidates. */
  has(path: string): boolean {
    return this.paths.includes(path)
  }

  /** Remembers a candidate in place of the oldest one. */
  add(path: string): void {
    this.paths[this.next] = path
    this.next = (this.next + 1) % slots
  }
}
