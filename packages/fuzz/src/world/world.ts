/**
 * What a run happens in: its event loop, its time, its fibers and its log, all of them synchronous and in the hands of the run. One is made for
 * many runs; `clear` stands between two of them.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Runtime from "effect/Runtime"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import { Finding } from "../finding.js"
import { Fibers } from "./fibers.js"
import { ManualClock } from "./manualClock.js"
import { Turns } from "./turns.js"

export class World {
  readonly turns = new Turns()
  readonly clock = new ManualClock()
  readonly fibers = new Fibers()
  /** What was logged. */
  readonly lines: Array<string> = []
  private readonly runtime: Runtime.Runtime<never>

  constructor() {
    const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
      this.lines.push(`${logLevel.label} ${String(message)} ${cause.toString()}`)
    })
    this.runtime = Effect.runSync(
      InterruptibleRuntime.capture().pipe(
        Effect.withClock(this.clock),
        Effect.withScheduler(this.turns),
        Effect.supervised(this.fibers),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
    )
  }

  /** Starts a fiber, and runs until nothing is left to run. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const fiber = Runtime.runFork(this.runtime)(effect)
    this.run()
    return fiber
  }

  /** Runs an effect that waits for nothing but this world. */
  runNow<A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> {
    const exit = this.fork(effect).unsafePoll()
    if (exit === null) throw new Finding("hang", "an effect that should be done at once waits")
    return exit
  }

  run(): void {
    this.turns.run()
    const [death] = this.fibers.deaths
    if (this.fibers.deaths.length > 0) {
      throw death instanceof Finding ? death : new Finding("defect", `a fiber died: ${String(death)}`, { cause: death })
    }
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    const until = this.clock.now + ms
    while (this.clock.wakeNext(until - this.clock.now)) this.run()
    this.clock.now = until
  }

  /** Lets time pass, from timer to timer, until `isOver`, `ms` at most. False where it was not over then. */
  advanceUntil(isOver: () => boolean, ms: number): boolean {
    const until = this.clock.now + ms
    while (!isOver()) {
      if (!this.clock.wakeNext(until - this.clock.now)) return false
      this.run()
    }
    return true
  }

  clear(): void {
    this.turns.clear()
    this.clock.clear()
    this.fibers.clear()
    this.lines.length = 0
  }
}
