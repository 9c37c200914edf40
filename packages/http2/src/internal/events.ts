/**
 * Events of a connection as a Stream. Nothing runs while nobody pulls, and nothing is registered with the engine but while a pull waits.
 */
import type { Connection } from "@effect-http2/engine/connection/connection"
import type { Listeners } from "@effect-http2/engine/listeners"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Http2Error } from "../Http2Error.js"

/** Completes at the next event. */
export const nextEvent = (events: Listeners): Effect.Effect<void> =>
  Effect.async((resume) => {
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
  const next: Effect.Effect<A, Option.Option<Http2Error>> = Effect.suspend(() => {
    const taken = take()
    if (taken !== undefined) return Effect.succeed(taken)
    const error = failure()
    if (engine.status === "closed" || error !== undefined) return Effect.fail(Option.fromNullable(error))
    return Effect.zipRight(nextEvent(events), next)
  })
  return Stream.repeatEffectOption(next)
}
