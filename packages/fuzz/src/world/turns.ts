/**
 * The event loop of a run: every fiber and all that a transport defers runs here, in order and at once, so that a run is the same each time and
 * knows when nothing is left to do. Called by world.ts.
 */
import type { RuntimeFiber } from "effect/Fiber"
import type { Scheduler } from "effect/Scheduler"
import { Finding } from "../finding.js"

/** Nothing that one read sets off takes as many steps. */
const mostTasks = 200_000
const operationsBeforeYield = 2048

export class Turns implements Scheduler {
  private tasks: Array<() => void> = []
  private deferred: Array<() => void> = []
  private isRunning = false

  shouldYield(fiber: RuntimeFiber<unknown, unknown>): number | false {
    return fiber.currentOpCount > operationsBeforeYield ? 0 : false
  }

  scheduleTask(task: () => void): void {
    this.tasks.push(task)
  }

  /** Runs `task` once no fiber can go on: the end of a turn. */
  defer(task: () => void): void {
    this.deferred.push(task)
  }

  /** Runs until nothing is left to run. */
  run(): void {
    if (this.isRunning) return
    this.isRunning = true
    try {
      this.runAll()
    } finally {
      this.isRunning = false
    }
  }

  private runAll(): void {
    let count = 0
    for (;;) {
      let queue = this.tasks
      if (queue.length > 0) this.tasks = []
      else if (this.deferred.length > 0) {
        queue = this.deferred
        this.deferred = []
      } else return
      for (const task of queue) task()
      count += queue.length
      if (count > mostTasks) throw new Finding("hang", `over ${mostTasks} steps without an end`)
    }
  }

  /** Forgets what is left to run. */
  clear(): void {
    this.tasks = []
    this.deferred = []
  }
}
