/**
 * The options of the client, with times as Effect has them. Resolved by skin.ts; `NodeHttp2Client` hands the types out.
 */
import * as Http2Options from "@effect-http2/http2/Http2Options"
import type { Alternative } from "@effect-http2/http2/Http2Origin"
import { type ConnectionError, isConnectionError } from "@effect-http2/http2/Http2Error"
import * as Plain from "@effect-http2/node/client/poolOptions"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"

/**
 * The options of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<
  Plain.ClientOptions<Duration.DurationInput, Http2Options.Http2Options>,
  "onAltSvc"
> {
  /**
   * A Queue or PubSub that is offered what servers say of alternative services by ALTSVC frames (RFC 7838 §4), about origins that they are authoritative for;
   * nothing else comes of it. What it has no room for is dropped. Default: ALTSVC is not decoded.
   */
  readonly alternatives?: Queue.Enqueue<Alternative> | undefined
}

/** The options with every default filled in, and those of a connection of HTTP/2. */
export interface Resolved {
  readonly pool: Plain.Resolved
  readonly http2: Http2Options.Http2Options
}

const offeredTo = (queue: Queue.Enqueue<Alternative> | undefined): ((alternative: Alternative) => void) | undefined =>
  queue && ((alternative) => void queue.unsafeOffer(alternative))

/** Fails with a `ConnectionError` of origin `User` for an option of a protocol that cannot be. */
export const resolve = (options: Options): Effect.Effect<Resolved, ConnectionError> =>
  Effect.suspend(() => {
    const idleTimeout = options.pool?.idleTimeout ?? Duration.millis(Plain.defaultIdleTimeout)
    const http2: Http2Options.Http2Options = { ...options.http2, idleTimeout }
    return Effect.flatMap(Http2Options.resolve(http2), (limits) => {
      const pool = Plain.resolve({ ...options, onAltSvc: offeredTo(options.alternatives) }, limits, Duration.toMillis)
      return isConnectionError(pool) ? Effect.fail(pool) : Effect.succeed({ pool, http2 })
    })
  })
