/**
 * The end of a connection: graceful (RFC 9113 §6.8), or at once. Called by the connection's watcher for an idle one, by the end of its scope, and by
 * its user.
 *
 * A server says twice that it goes: first with the highest id there is, so that requests on their way are still served, and, once a PING
 * sent behind it is acknowledged, with the last id that it has seen.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Connection } from "@effect-http2/engine/connection/connection"

const highest = 0x7fffffff
/** How long the first GOAWAY may take to be acknowledged before the second follows anyway. */
const roundTripTimeout = Duration.seconds(1)

/** Waits for `effect` no longer than `duration`, also where the waiting fiber cannot be interrupted. */
export const awaitUpTo = (effect: Effect.Effect<void>, duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(Effect.timeoutOption(effect, duration))), (fiber) =>
    Effect.asVoid(Fiber.await(fiber))
  )

/** The first GOAWAY and its PING; completes when the peer has seen it. */
const announce = (engine: Connection): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (!engine.role.isServer || engine.acceptedUpTo !== highest) return resume(Effect.void)
    engine.sendGoAway(highest, ErrorCode.NO_ERROR, "")
    engine.ping(() => resume(Effect.void))
    // A connection that ends meanwhile has nothing to acknowledge.
    engine.onEnd(() => resume(Effect.void))
  })

/** The GOAWAY that says up to where requests are served. */
const conclude = (engine: Connection): void => {
  if (engine.status === "closed") return
  engine.sendLastGoAway()
}

const awaitIdle = (engine: Connection): Effect.Effect<void> =>
  Effect.async((resume) => engine.onIdle(() => resume(Effect.void)))

/** Resets what is left. */
const resetAll = (engine: Connection): void => {
  for (const stream of engine.table.values()) {
    stream.reset(
      new Http2Error.StreamError({
        streamId: stream.id,
        code: ErrorCode.CANCEL,
        origin: "Local",
        reason: "the connection is shutting down",
        limit: "gracefulShutdownTimeout",
        processed: "unknown"
      })
    )
  }
}

/** Takes no new streams, lets the open ones finish up to `gracefulShutdownTimeout`, resets the rest, and ends the connection. */
export const closeGracefully = (engine: Connection): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (engine.status === "closed") return Effect.void
    return Effect.gen(function* () {
      yield* awaitUpTo(announce(engine), roundTripTimeout)
      conclude(engine)
      yield* awaitUpTo(awaitIdle(engine), Duration.millis(engine.options.gracefulShutdownTimeout))
      resetAll(engine)
      engine.close(undefined)
    })
  })

/** Says that we go, and ends the connection with all that is open on it. */
export const closeNow = (engine: Connection): void => {
  if (engine.status === "closed") return
  conclude(engine)
  engine.close(undefined)
}
