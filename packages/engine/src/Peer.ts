/**
 * The two ends of a connection, as far as whoever made the transport knows them.
 *
 * @since 0.1.0
 */

/**
 * An end of a connection. `host` is an IP address, or the path of a unix socket, for which `port` is undefined.
 *
 * @since 0.1.0
 * @category models
 */
export interface Address {
  readonly host: string
  readonly port: number | undefined
}

/**
 * What TLS agreed on.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string
  /** The IANA name of the cipher suite. */
  readonly cipher: string
  /** The protocol chosen by ALPN, undefined where none was. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). */
  readonly serverName: string | undefined
  /** Whether the peer's certificate was verified against the trusted authorities. */
  readonly authorized: boolean
}

/**
 * What is known of the two ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Peer {
  readonly remote: Address | undefined
  readonly local: Address | undefined
  /** Undefined on a plain connection. */
  readonly tls: TlsInfo | undefined
}
