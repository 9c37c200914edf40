/**
 * The passing of time on a connection: sleeps from one deadline to the next and has what is due done. The connection forks it once.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Http2Error from "../Http2Error.js"
import type { ConnectionCore } from "@effect-http2/engine/connection/connectionCore"
import type { Deadlines } from "@effect-http2/engine/connection/deadlines"
import { closeGracefully } from "./shutdown.js"

/** Sleeps from deadline to deadline, until the connection has ended. */
export const watch = (
  core: ConnectionCore,
  deadlines: Deadlines,
  ended: Effect.Effect<void, Http2Error.Http2Error>
): Effect.Effect<void> => {
  const loop: Effect.Effect<void> = Effect.suspend(() => {
    if (core.status === "closed") return Effect.void
    const next = deadlines.check()
    if (deadlines.isIdle) return closeGracefully(core)
    return Effect.zipRight(Clock.sleep(Duration.millis(next)), loop)
  })
  return Effect.raceFirst(loop, Effect.ignore(ended))
}
