/**
 * When consumers that wait for a body are woken. Waking one costs as much as many frames, so it is done rarely: a body that is over is handed out at the end
 * of the turn that ended it, one that goes on when the event loop has read all that it can, which may be many turns. Called by the connection.
 */
import type { Inbox } from "../stream/inbox.js"

export class Deliveries {
  /** At the end of the turn, and at the end of the event loop's. */
  private soon: Array<Inbox> = []
  private later: Array<Inbox> = []

  constructor(private readonly defer: (task: () => void) => void) {}

  /** `body` has something for a consumer that waits. */
  add(body: Inbox, isInTurn: boolean): void {
    if (!body.isOver) {
      if (this.later.length === 0) this.defer(this.endLoop)
      this.later.push(body)
    } else if (isInTurn) this.soon.push(body)
    else body.deliver()
  }

  /** The turn of the engine is over. */
  endTurn(): void {
    if (this.soon.length === 0) return
    const bodies = this.soon
    this.soon = []
    for (const body of bodies) body.deliver()
  }

  private readonly endLoop = (): void => {
    const bodies = this.later
    this.later = []
    for (const body of bodies) body.deliver()
  }
}
