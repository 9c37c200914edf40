/**
 * How many streams a client has open as far as the server may count: those too that are over here, and of which the server does not know yet that we
 * know. Called by clientModel.ts.
 */
import type { Wiretap } from "@effect-http2/testkit/tap/wiretap"

export class Places {
  /** Streams that may still count there: until the engine has dealt with what was delivered, and its PINGs are answered. */
  private readonly lingering = new Set<number>()
  /** Streams that were asked for since the last delivery, with how many counted then. */
  private fresh: Array<{ readonly id: number; readonly count: number }> = []
  private readonly seenResets = new Set<number>()
  /** Streams that the engine may refuse: it had reset others when they came, which still counted. */
  readonly refusable = new Set<number>()

  constructor(private readonly tap: Wiretap) {}

  /** With `open` streams, how many count. */
  count(open: number): number {
    return open + this.lingering.size
  }

  /** Stream `id` is asked for; `open` with it. */
  asked(id: number, open: number): void {
    this.fresh.push({ id, count: this.count(open) })
  }

  /** We have reset `id`. */
  wasReset(id: number): void {
    this.lingering.add(id)
  }

  /** The engine has dealt with all that was delivered, and was read. */
  delivered(ids: Iterable<number>, limit: number): void {
    let resets = 0
    for (const id of ids) {
      if (this.tap.streams.get(id)?.reset === undefined || this.seenResets.has(id)) continue
      this.seenResets.add(id)
      this.lingering.add(id)
      resets++
    }
    for (const { count, id } of this.fresh) if (count + resets > limit) this.refusable.add(id)
    this.fresh = []
    if (this.tap.pings.length === 0) this.lingering.clear()
  }
}
