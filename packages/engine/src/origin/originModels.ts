/**
 * The models of Http2Origin.ts, which hands them out, where the parts below it can see them too.
 *
 * @since 0.1.0
 */

/**
 * Where else an origin can be reached. `value` is that of an Alt-Svc field (RFC 7838 §3), for instance `h3=":443"; ma=3600`, or `clear`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Alternative {
  readonly origin: string
  readonly value: string
}

/**
 * What a server says of origins on each connection, right behind its preface.
 *
 * @since 0.1.0
 * @category models
 */
export interface Announcements {
  /**
   * The origins that the server answers for beside the one that the client connected for (RFC 8336), told to clients over TLS. `[]`: the connection is
   * for that one only. Default: nothing is said, and clients go by the certificate and the address.
   */
  readonly origins?: ReadonlyArray<string> | undefined
  /** Alternative services of origins that the server answers for (RFC 7838 §4). Default: none. */
  readonly altSvc?: ReadonlyArray<Alternative> | undefined
}

/**
 * What a client makes of what its server says of origins.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginOptions {
  /** The origin that the connection was made for. Default: of the name that TLS asked for and the port that was connected to (RFC 8336 §2.3). */
  readonly origin?: string | undefined
  /** Whether the server is a proxy: what it says of origins and alternatives is ignored then (RFC 8336 §2.2). Default false. */
  readonly isProxy?: boolean | undefined
  /** Whether the server's certificate is good for an origin beside the connection's own. Default: for none. */
  readonly isAuthoritative?: ((origin: string) => boolean) | undefined
}

/**
 * Who hears what a server says of origins. What it throws ends the connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginListener {
  /** The Origin Set has changed (RFC 8336 §2.3). */
  readonly onOriginSet?: ((origins: ReadonlySet<string>) => void) | undefined
  /** ALTSVC has come about an origin that the server is authoritative for. Without it, ALTSVC is not decoded. */
  readonly onAltSvc?: ((alternative: Alternative) => void) | undefined
}
