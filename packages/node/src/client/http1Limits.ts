/**
 * What a server of HTTP/1.1 may do to the client: how much of a head, and how slowly. Resolved from the options of a skin, kept by its requests.
 */
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Http2Error from "@effect-http2/engine/Http2Error"
import { failure } from "../socket/socketError.js"

/** Times in ms. */
export interface Http1Limits {
  readonly maxHeaderSize: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
}

/** Responses of 1xx before the final one, at most; as over HTTP/2. */
export const maxInformational = 32

/** As far as the parser of `node:http` counts, in octets. */
export const largest = 0x7fffffff

const invalid = (name: keyof Http1Limits, value: unknown, range: string): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason: "Usage",
    description: `option http1.${name} cannot be ${String(value)}: it is ${range}`,
    processed: "no"
  })

/** Undefined where they can be; `given` as the user wrote them. */
export const check = (
  { bodyTimeout, headersTimeout, maxHeaderSize }: Http1Limits,
  given: { readonly headersTimeout?: unknown; readonly bodyTimeout?: unknown }
): Http2Error.ConnectionError | undefined => {
  if (!Number.isInteger(maxHeaderSize) || maxHeaderSize < 1 || maxHeaderSize > largest)
    return invalid("maxHeaderSize", maxHeaderSize, `an integer from 1 to ${largest}, in octets`)
  if (!(headersTimeout > 0)) return invalid("headersTimeout", given.headersTimeout, "longer than 0")
  if (!(bodyTimeout > 0)) return invalid("bodyTimeout", given.bodyTimeout, "longer than 0")
  return undefined
}

/** A response that is not one. */
export const malformed = (description: string): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.PROTOCOL_ERROR,
    origin: "Local",
    reason: "Protocol",
    description,
    processed: "unknown"
  })

/** More than a server may do; `limit` is the option, where there is one. */
export const exceeded = (description: string, limit: keyof Http1Limits | undefined): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.ENHANCE_YOUR_CALM,
    origin: "Local",
    reason: "Limit",
    description,
    limit,
    processed: "unknown"
  })

/** Its cause stays that of the parser, as with the stock clients. */
export const overflow = (limits: Http1Limits, cause: Error): Http2Error.TransportError =>
  failure("Read", `the server's fields are larger than ${limits.maxHeaderSize} octets (http1.maxHeaderSize)`, cause)
