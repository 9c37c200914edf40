/**
 * What a server of HTTP/1.1 may do to the client: how much of a head, and how slowly. Resolved by options.ts, kept by http1ClientRequest.ts.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Resolved } from "@effect-http2/http2/Http2Options"
import * as Duration from "effect/Duration"
import { failure } from "../../socket/socketError.js"

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

/** Times in ms. */
export interface Http1Limits {
  readonly maxHeaderSize: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
}

/** Responses of 1xx before the final one, at most; as over HTTP/2. */
export const maxInformational = 32

/** As far as the parser of `node:http` counts. */
const largest = 0x7fffffff

const invalid = (name: keyof Http1Options, value: unknown, range: string): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason: `option http1.${name} cannot be ${String(value)}: it is ${range}`,
    processed: "no"
  })

/** A `ConnectionError` of origin `User` for what cannot be. */
export const resolve = (options: Http1Options, http2: Resolved): Http1Limits | Http2Error.ConnectionError => {
  const maxHeaderSize = options.maxHeaderSize ?? Math.min(http2.maxHeaderListSize, largest)
  const headersTimeout = Duration.toMillis(options.headersTimeout ?? http2.headersTimeout)
  const bodyTimeout = Duration.toMillis(options.bodyTimeout ?? Duration.infinity)
  if (!Number.isInteger(maxHeaderSize) || maxHeaderSize < 1 || maxHeaderSize > largest)
    return invalid("maxHeaderSize", maxHeaderSize, `an integer from 1 to ${largest}, in octets`)
  if (!(headersTimeout > 0)) return invalid("headersTimeout", options.headersTimeout, "longer than 0")
  if (!(bodyTimeout > 0)) return invalid("bodyTimeout", options.bodyTimeout, "longer than 0")
  return { maxHeaderSize, headersTimeout, bodyTimeout }
}

/** A response that is not one. */
export const malformed = (reason: string): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.PROTOCOL_ERROR,
    origin: "Local",
    reason,
    processed: "unknown"
  })

/** More than a server may do; `limit` is the option, where there is one. */
export const exceeded = (reason: string, limit: keyof Http1Options | undefined): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.ENHANCE_YOUR_CALM,
    origin: "Local",
    reason,
    limit,
    processed: "unknown"
  })

/** Its cause stays that of the parser, as with the stock clients. */
export const overflow = (limits: Http1Limits, cause: Error): Http2Error.TransportError =>
  failure("Read", `the server's fields are larger than ${limits.maxHeaderSize} octets (http1.maxHeaderSize)`, cause)
