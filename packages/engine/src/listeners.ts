/**
 * Who waits for something to happen once. Called by the connection.
 */
export class Listeners {
  /** There while somebody waits: most connections end without. */
  private waiting: Set<() => void> | undefined = undefined

  get isEmpty(): boolean {
    return this.waiting === undefined || this.waiting.size === 0
  }

  add(listener: () => void): void {
    const waiting = (this.waiting ??= new Set())
    waiting.add(listener)
  }

  /** It does not wait any more. */
  remove(listener: () => void): void {
    this.waiting?.delete(listener)
  }

  /** It happened: each is called, once. */
  notify(): void {
    const { waiting } = this
    if (waiting === undefined) return
    this.waiting = undefined
    for (const listener of waiting) listener()
  }
}
