/**
 * The options of the client, with times as Effect has them. Resolved by skin.ts; `NodeHttp2Client` hands the types out.
 *
 * @since 0.1.0
 */
import * as Http2Options from "@effect-http2/effect4-http2/Http2Options"
import { type ConnectionError, isConnectionError } from "@effect-http2/effect4-http2/Http2Error"
import * as Plain from "@effect-http2/node/client/poolOptions"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export type Options = Plain.ClientOptions<Duration.Input, Http2Options.Http2Options> & {
  /**
   * Whether bodies of responses are given without their content codings (RFC 9110 §8.4: gzip, deflate, br, and zstd where Node has it), and requests that do not
   * say what they accept ask for the first three. The fields stay those that came. A body in a coding that is not known is given as it came, and one that is not
   * what its fields say, or cut off, fails its reader with `DecodeError`. `MaxBodySize` bounds what has been decoded. Default: false, as with
   * `NodeHttpClient.layerNodeHttp` and `layerUndici`; true is what `layerFetch` does.
   */
  readonly decompress?: boolean | undefined
}

/** The options with every default filled in, and those of a connection of HTTP/2. */
export interface Resolved {
  readonly pool: Plain.Resolved
  readonly http2: Http2Options.Http2Options
}

/** Fails with a `ConnectionError` of origin `User` for an option of a protocol that cannot be. */
export const resolve = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Resolved, ConnectionError> {
  const idleTimeout = options.pool?.idleTimeout ?? Duration.millis(Plain.defaultIdleTimeout)
  const http2: Http2Options.Http2Options = { ...options.http2, idleTimeout }
  const limits = yield* Http2Options.resolve(http2)
  const pool = Plain.resolve<Duration.Input>(options, limits, (time) =>
    Duration.toMillis(Duration.fromInputUnsafe(time))
  )
  return isConnectionError(pool) ? yield* Effect.fail(pool) : { pool, http2 }
})
