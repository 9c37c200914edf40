/**
 * Who waits for something to happen once. Called by the connection.
 */
export class Listeners {
  private waiting = new Set<() => void>()

  get isEmpty(): boolean {
    return this.waiting.size === 0
  }

  add(listener: () => void): void {
    this.waiting.add(listener)
  }

  /** It does not wait any more. */
  remove(listener: () => void): void {
    this.waiting.delete(listener)
  }

  /** It happened: each is called, once. */
  notify(): void {
    const { waiting } = this
    if (waiting.size === 0) return
    this.waiting = new Set()
    for (const listener of waiting) listener()
  }
}
