/**
 * What is done behind the frames of a turn. Handlers start there, so that a body that came with its head is there, and one that a handler opens by a push
 * starts behind that handler. Consumers that wait for a body are woken there, or later still: waking one costs as much as many frames. Called by the
 * connection.
 */
import type { Output } from "../Output.js"
import type { Inbox } from "../stream/inbox.js"

/** Something to start behind the frames of a turn. */
export interface Startable {
  start(): void
}

/** For how long, in ms, the connections of a listener start streams in one round of the event loop: what there is to read and to accept waits for it. */
const roundTime = 8
/** For how long, in ms, one of them does before it is another's turn. */
const turnTime = 1

/** What `NewStreams` asks of its connection. */
export interface Turns {
  readonly now: () => number
  defer(task: () => void): void
  /** Has `startNext` called in a turn of its own. */
  turnWithoutRead(): void
}

/**
 * The rounds of the event loop, shared by the connections of a listener. Once they have had their time in a round, those that are left take turns from the
 * next one on, in a queue. A connection that is read starts one stream in any case, so that a new one is served at once however busy the others are.
 */
export class Rounds {
  private readonly queue: Array<Turns> = []
  private since: number | undefined = undefined

  /** Streams are about to start. */
  begin(turns: Turns, now: number): void {
    if (this.since !== undefined) return
    this.since = now
    turns.defer(this.end)
  }

  /** Whether there is time left in this round. */
  hasTime(now: number): boolean {
    return this.since === undefined || now - this.since < roundTime
  }

  /** There is something left to start in a later round. */
  wait(turns: Turns): void {
    this.queue.push(turns)
    this.later(turns)
  }

  private readonly end = (): void => {
    this.since = undefined
  }

  /** One task for each that waits, in the queue's order whoever has asked for it. */
  private later(turns: Turns): void {
    turns.defer(() => {
      if (!this.hasTime(turns.now())) return this.later(turns)
      this.queue.shift()?.turnWithoutRead()
    })
  }
}

/** The streams of one connection that have yet to start, in the order in which they were opened. */
export class NewStreams {
  private waiting: Array<Startable> = []
  /** Those in front of it have started. */
  private next = 0
  /** Whether a turn without a read is to come. */
  private isDue = false

  constructor(
    private readonly turns: Turns,
    private readonly rounds: Rounds
  ) {}

  add(stream: Startable, isInTurn: boolean): void {
    this.waiting.push(stream)
    if (!isInTurn) this.wait()
  }

  /** All frames of the turn are processed. Those that have waited since an earlier round have their turn before what they have brought. */
  endTurn(): void {
    if (!this.isDue && this.waiting.length > 0) this.start(roundTime)
  }

  /** The turn without a read has come. */
  startNext(): void {
    this.isDue = false
    this.start(turnTime)
  }

  /** Nothing starts any more. */
  clear(): void {
    this.waiting = []
    this.next = 0
  }

  /** For `time` at most. What starts may add others. */
  private start(time: number): void {
    const { rounds, turns } = this
    const startedAt = turns.now()
    // One is started in any case: there is nothing to measure.
    if (this.waiting.length - this.next > 1) rounds.begin(turns, startedAt)
    const until = startedAt + time
    while (this.next < this.waiting.length) {
      this.waiting[this.next++]?.start()
      if (this.next === this.waiting.length) break
      const now = turns.now()
      if (now >= until || !rounds.hasTime(now)) return this.wait()
    }
    this.clear()
  }

  private wait(): void {
    if (this.isDue) return
    this.isDue = true
    this.rounds.wait(this.turns)
  }
}

/** A body that is over is handed out at the end of the turn that ended it, one that goes on when the event loop has read all that it can: many turns, perhaps. */
export class WaitingBodies {
  /** At the end of the turn, and at the end of the event loop's; there while some wait. */
  private soon: Array<Inbox> | undefined = undefined
  private later: Array<Inbox> | undefined = undefined

  constructor(private readonly output: Output) {}

  /** `body` has something for a consumer that waits. */
  add(body: Inbox, isInTurn: boolean): void {
    if (!body.isOver) {
      if (this.later === undefined) {
        this.later = [body]
        this.output.defer(() => this.endLoop())
      } else this.later.push(body)
    } else if (!isInTurn) body.deliver()
    else if (this.soon === undefined) this.soon = [body]
    else this.soon.push(body)
  }

  /** The turn of the engine is over. */
  endTurn(): void {
    const { soon } = this
    if (soon === undefined) return
    this.soon = undefined
    for (const body of soon) body.deliver()
  }

  private endLoop(): void {
    const { later } = this
    this.later = undefined
    for (const body of later ?? []) body.deliver()
  }
}
