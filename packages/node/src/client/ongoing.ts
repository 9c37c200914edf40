/**
 * What is under way: dials, lookups, probes, closings. Each is begun with a function that it calls when nothing is left of it, and gives one that takes it away;
 * also behind that it says when it has ended.
 */
import type { Cancel } from "./exchange.js"

export class Ongoing {
  private readonly cancels = new Map<number, Cancel | undefined>()
  private next = 0
  private ended: Array<() => void> = []

  constructor(
    /** One is done. */
    private readonly onDone: () => void = () => undefined
  ) {}

  get isEmpty(): boolean {
    return this.cancels.size === 0
  }

  begin(task: (done: () => void) => Cancel | undefined): void {
    const id = this.next++
    this.cancels.set(id, undefined)
    const cancel = task(() => this.done(id))
    if (this.cancels.has(id)) this.cancels.set(id, cancel)
  }

  private done(id: number): void {
    if (!this.cancels.delete(id)) return
    if (this.isEmpty) for (const listener of this.ended.splice(0)) listener()
    this.onDone()
  }

  /** Takes all away. */
  cancel(): void {
    for (const cancel of [...this.cancels.values()]) cancel?.()
  }

  /** Calls `listener` once nothing is under way. */
  whenEmpty(listener: () => void): void {
    if (this.isEmpty) listener()
    else this.ended.push(listener)
  }
}
