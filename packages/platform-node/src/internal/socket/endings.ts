/**
 * Connections that are open, whatever they do, and that end when they are told to: each in its own time. One set for a listener, one for each application
 * that is served at a port.
 */
import * as Effect from "effect/Effect"

/** A connection, as who has to end it sees it. */
export interface Ending {
  /** Completes when the connection has closed. */
  readonly end: () => Effect.Effect<void>
}

export class Endings {
  private readonly open = new Set<Ending>()

  add(ending: Ending): void {
    this.open.add(ending)
  }

  delete(ending: Ending): void {
    this.open.delete(ending)
  }

  /** Ends all at once, and completes when each has. */
  readonly endAll: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.open], (ending) => ending.end(), { concurrency: "unbounded", discard: true })
  )
}
