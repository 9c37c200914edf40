/**
 * The options of the client, with times as Effect has them. Resolved by skin.ts; `NodeHttp2Client` hands the types out.
 */
import * as Http2Options from "@effect-http2/http2/Http2Options"
import { type ConnectionError, isConnectionError } from "@effect-http2/http2/Http2Error"
import * as Plain from "@effect-http2/node/client/poolOptions"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export type Options = Plain.ClientOptions<Duration.DurationInput, Http2Options.Http2Options>

/** The options with every default filled in, and those of a connection of HTTP/2. */
export interface Resolved {
  readonly pool: Plain.Resolved
  readonly http2: Http2Options.Http2Options
}

/** Fails with a `ConnectionError` of origin `User` for an option of a protocol that cannot be. */
export const resolve = (options: Options): Effect.Effect<Resolved, ConnectionError> =>
  Effect.suspend(() => {
    const idleTimeout = options.pool?.idleTimeout ?? Duration.millis(Plain.defaultIdleTimeout)
    const http2: Http2Options.Http2Options = { ...options.http2, idleTimeout }
    return Effect.flatMap(Http2Options.resolve(http2), (limits) => {
      const pool = Plain.resolve(options, limits, Duration.toMillis)
      return isConnectionError(pool) ? Effect.fail(pool) : Effect.succeed({ pool, http2 })
    })
  })
