/**
 * Listeners for one event: each is called once, at the next time that it happens.
 */
export class Listeners {
  /** The only one, or a set where there have been several: most events have no listener, and the others one. */
  private waiting: (() => void) | Set<() => void> | undefined = undefined

  get isEmpty(): boolean {
    const { waiting } = this
    return waiting === undefined || (waiting instanceof Set && waiting.size === 0)
  }

  add(listener: () => void): void {
    const { waiting } = this
    if (waiting === undefined) this.waiting = listener
    else if (waiting instanceof Set) waiting.add(listener)
    else this.waiting = new Set([waiting, listener])
  }

  /** Removes a listener that was not called. */
  remove(listener: () => void): void {
    const { waiting } = this
    if (waiting === listener) this.waiting = undefined
    else if (waiting instanceof Set) waiting.delete(listener)
  }

  /** The event has happened: calls each listener, and forgets it. */
  notify(): void {
    const { waiting } = this
    if (waiting === undefined) return
    this.waiting = undefined
    if (!(waiting instanceof Set)) return waiting()
    for (const listener of waiting) listener()
  }
}
