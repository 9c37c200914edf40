/**
 * Why a request gets no connection.
 */
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Http2Error from "@effect-http2/engine/Http2Error"

/** Nothing of the client is left. */
export const closed = (): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "User",
    reason: "Closed",
    description: "the client was closed",
    processed: "no"
  })

/** Nobody waits so long as `maxWait`, in words. */
export const waitedTooLong = (
  key: string,
  maxWait: string,
  { cause, reason }: { readonly reason: string; readonly cause?: Http2Error.Http2Error }
): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Local",
    reason: "Timeout",
    description: `no free stream or connection to ${key} within ${maxWait}: ${reason}`,
    limit: "maxWait",
    processed: "no",
    cause
  })

/** Too many wait. */
export const full = (most: number): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Local",
    reason: "Limit",
    description: `${most} requests wait for a free stream or connection already`,
    limit: "maxQueued",
    processed: "no"
  })
