/**
 * Listeners for one event: each is called once, at the next time that it happens.
 */
export class Listeners {
  /** Made for the first listener: most connections end without one. */
  private waiting: Set<() => void> | undefined = undefined

  get isEmpty(): boolean {
    return this.waiting === undefined || this.waiting.size === 0
  }

  add(listener: () => void): void {
    const waiting = (this.waiting ??= new Set())
    waiting.add(listener)
  }

  /** Removes a listener that was not called. */
  remove(listener: () => void): void {
    this.waiting?.delete(listener)
  }

  /** The event has happened: calls each listener, and forgets it. */
  notify(): void {
    const { waiting } = this
    if (waiting === undefined) return
    this.waiting = undefined
    for (const listener of waiting) listener()
  }
}
