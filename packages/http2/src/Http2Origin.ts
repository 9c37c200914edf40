/**
 * What a server says of origins: those that it answers for on a connection (ORIGIN, RFC 8336), and where else they can be reached (ALTSVC,
 * RFC 7838 §4). An origin is text, its ASCII serialization (RFC 6454 §6.2): `https://example.com`, or `https://example.com:8443`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type { Http2Connection } from "./Http2Connection.js"
import * as Http2Error from "./Http2Error.js"
import * as Announced from "@effect-http2/engine/origin/announcements"
import * as AsciiOrigin from "@effect-http2/engine/origin/asciiOrigin"
import type { Alternative, Announcements } from "@effect-http2/engine/origin/originModels"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Alternative,
  /**
   * @since 0.1.0
   * @category models
   */
  Announcements,
  /**
   * @since 0.1.0
   * @category models
   */
  OriginOptions
} from "@effect-http2/engine/origin/originModels"

/**
 * `text` as an origin, in the one form in which origins are compared: lower case, without the port that `http` and `https` have anyway. Undefined
 * where it is none: `null`, a URL with a path, a wildcard, a name that is not ASCII.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): string | undefined => AsciiOrigin.parse(text)

/**
 * What `make` throws as a `ConnectionError`, as the failure.
 *
 * @internal
 */
export const attempt = <A>(make: () => A): Effect.Effect<A, Http2Error.ConnectionError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return Http2Error.isConnectionError(error) ? Effect.fail(error) : Effect.die(error)
    }
  })

/**
 * Fails with a `ConnectionError` of origin `User` for what cannot be said on any connection. For layers that listen before they serve.
 *
 * @since 0.1.0
 * @category announcements
 */
export const check = (announcements: Announcements): Effect.Effect<void, Http2Error.ConnectionError> =>
  attempt(() => void Announced.announce(announcements))

/**
 * Tells the client of `connection`, a server's, of more origins that are answered for on it (RFC 8336 §2). Nothing is sent over a plain connection,
 * where it has no meaning. Fails with a `ConnectionError` of origin `User` for what is no origin.
 *
 * @since 0.1.0
 * @category announcements
 */
export const announceOrigins: {
  (origins: ReadonlyArray<string>): (connection: Http2Connection) => Effect.Effect<void, Http2Error.ConnectionError>
  (connection: Http2Connection, origins: ReadonlyArray<string>): Effect.Effect<void, Http2Error.ConnectionError>
} = dual(
  2,
  (connection: Http2Connection, origins: ReadonlyArray<string>): Effect.Effect<void, Http2Error.ConnectionError> =>
    attempt(() => Announced.announceOrigins(connection.engine, origins))
)

/**
 * Tells the client of `connection`, a server's, where else an origin can be reached, in place of what it was told before (RFC 7838 §4). Fails with a
 * `ConnectionError` of origin `User` for what is no origin, or a value that a field cannot have.
 *
 * @since 0.1.0
 * @category announcements
 */
export const announceAltSvc: {
  (alternative: Alternative): (connection: Http2Connection) => Effect.Effect<void, Http2Error.ConnectionError>
  (connection: Http2Connection, alternative: Alternative): Effect.Effect<void, Http2Error.ConnectionError>
} = dual(2, (connection: Http2Connection, alternative: Alternative): Effect.Effect<void, Http2Error.ConnectionError> =>
  attempt(() => Announced.announceAltSvc(connection.engine, alternative))
)
