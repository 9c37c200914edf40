/**
 * Every way in which HTTP/2 can fail, typed. Two scopes: a `ConnectionError` ends the connection and all its streams, a `StreamError`
 * ends one stream. A `TransportError` comes from below: the socket, TLS, the address.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Http2Error"
