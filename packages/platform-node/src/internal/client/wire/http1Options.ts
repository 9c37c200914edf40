/**
 * What a server of HTTP/1.1 may do to the client, as a user says it. Resolved by options.ts, kept by http1ClientRequest.ts.
 */
import type { ConnectionError } from "@effect-http2/http2/Http2Error"
import type { Resolved } from "@effect-http2/http2/Http2Options"
import { check, type Http1Limits, largest } from "@effect-http2/node/client/http1Limits"
import * as Duration from "effect/Duration"

/**
 * What responses over HTTP/1.1 are bound by.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http1Options {
  /**
   * Octets of a response's head, its status line and fields; of its trailers as well. A larger one fails the request, and its connection is closed. Default:
   * as `http2.maxHeaderListSize`, 32,768.
   */
  readonly maxHeaderSize?: number | undefined
  /**
   * How long a head may take from its first octet to its last; then the request fails, with a cause of limit `headersTimeout`, and its connection is closed.
   * How long the server takes to begin is not limited here. Default: as `http2.headersTimeout`, 10 seconds.
   */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /**
   * How long the server may be silent in the middle of a body, once all that it has sent is read; then reading fails, with a cause of limit `bodyTimeout`, and
   * the connection is closed. Default: no limit, since streams of events are silent for as long as nothing happens, and HTTP/1.1 cannot ask whether the
   * server is still there, as PING does over HTTP/2. Where a client has no such streams, a minute keeps servers that are gone from holding its requests.
   */
  readonly bodyTimeout?: Duration.DurationInput | undefined
}

/** A `ConnectionError` of origin `User` for what cannot be. */
export const resolve = (options: Http1Options, http2: Resolved): Http1Limits | ConnectionError => {
  const limits: Http1Limits = {
    maxHeaderSize: options.maxHeaderSize ?? Math.min(http2.maxHeaderListSize, largest),
    headersTimeout: Duration.toMillis(options.headersTimeout ?? http2.headersTimeout),
    bodyTimeout: Duration.toMillis(options.bodyTimeout ?? Duration.infinity)
  }
  return check(limits, options) ?? limits
}
