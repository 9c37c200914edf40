/**
 * Who waits for something to happen once. Called by the connection.
 */
export class Listeners {
  private waiting: Array<() => void> = []

  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  add(listener: () => void): void {
    this.waiting.push(listener)
  }

  /** It happened: each is called, once. */
  notify(): void {
    const { waiting } = this
    if (waiting.length === 0) return
    this.waiting = []
    for (const listener of waiting) listener()
  }
}
