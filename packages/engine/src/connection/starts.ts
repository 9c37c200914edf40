/**
 * Streams whose handlers are to start. They do so behind all frames of a turn, so that a body that came with its head is there, and one that a handler
 * opens by a push behind that handler. Made by the connection, called by the server's role.
 */

/** Something to start behind the frames of a turn. */
export interface Startable {
  start(): void
}

export class Starts {
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
