/**
 * What is done behind the frames of a turn. Handlers start there, so that a body that came with its head is there, and one that a handler opens by a push
 * starts behind that handler. Consumers that wait for a body are woken there, or later still: waking one costs as much as many frames. Called by the
 * connection.
 */
import type { Inbox } from "../stream/inbox.js"

/** Something to start behind the frames of a turn. */
export interface Startable {
  start(): void
}

export class NewStreams {
  private readonly waiting: Array<Startable> = []

  /** `defer` runs a task once the event loop's turn is over. */
  constructor(private readonly defer: (task: () => void) => void) {}

  add(stream: Startable, isInTurn: boolean): void {
    this.waiting.push(stream)
    if (!isInTurn && this.waiting.length === 1) this.defer(this.startAll)
  }

  /** All frames of the turn are processed. What starts may add others. */
  endTurn(): void {
    while (this.waiting.length > 0) {
      for (const stream of this.waiting.splice(0)) stream.start()
    }
  }

  private readonly startAll = (): void => this.endTurn()
}

/** A body that is over is handed out at the end of the turn that ended it, one that goes on when the event loop has read all that it can: many turns, perhaps. */
export class WaitingBodies {
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
