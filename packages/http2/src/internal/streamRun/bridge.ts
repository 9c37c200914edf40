/** `Bridge`: a fiber of its own pushes what a Channel emits into an input that another Channel takes from by effects. Called by puller.ts. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { AnyEffect, Producer } from "./nodes.js"
import { Reading } from "./reading.js"
import { DONE, EMIT, type Run, type Running, YIELD } from "./steps.js"

/** Begins to push what `source` emits, each element when it is asked for, into `producer`. */
export const forkBridge = (
  producer: Producer,
  source: Running,
  run: Run
): Effect.Effect<Fiber.Fiber<unknown, unknown>> => {
  const reading = new Reading(source, run)
  const push = (): AnyEffect => {
    switch (reading.run()) {
      case EMIT:
        return Effect.flatMap(producer.emit(reading.takeOut()), () => pushAll)
      case DONE:
        return Exit.match(reading.exit, {
          onFailure: (cause) => producer.error(cause),
          onSuccess: (done) => producer.done(done)
        })
      case YIELD:
        return Effect.flatMap(reading.rest(), push)
      default:
        return reading.asked(push)
    }
  }
  const pushAll: AnyEffect = Effect.flatMap(producer.awaitRead(), push)
  return Effect.forkDaemon(Effect.interruptible(pushAll))
}
