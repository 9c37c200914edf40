/**
 * Events of a connection as a Stream. Nothing runs while nobody pulls, and nothing is registered with the engine but while a pull waits.
 */
import type { Connection } from "@effect-http2/engine/connection/connection"
import type { Listeners } from "@effect-http2/engine/listeners"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Http2Error } from "../Http2Error.js"
import { awaitEngine } from "./wake.js"

/** Completes at the next event. */
export const nextEvent = (events: Listeners): Effect.Effect<void> =>
  awaitEngine((resume) => {
    const listener = (): void => resume(Effect.void)
    events.add(listener)
    return Effect.sync(() => events.remove(listener))
  })

/**
 * What `take` has, then what it has after each of `events`, of which the end of the connection is one. Ends with the connection, and fails where that
 * failed, or with what `failure` says; what `take` has by then comes first.
 */
export const fromEvents = <A>(
  engine: Connection,
  events: Listeners,
  take: () => A | undefined,
  failure: () => Http2Error | undefined = () => engine.error
): Stream.Stream<A, Http2Error> => {
  const next: Pull.Pull<readonly [A], Http2Error> = Effect.suspend(() => {
    const taken = take()
    if (taken !== undefined) return Effect.succeed([taken] as const)
    const error = failure()
    if (error !== undefined) return Effect.fail(error)
    return engine.status === "closed" ? Cause.done() : Effect.andThen(nextEvent(events), next)
  })
  return Stream.fromPull(Effect.succeed(next))
}
