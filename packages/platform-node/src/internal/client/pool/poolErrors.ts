/**
 * Why a request gets no connection.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"

/** What a dial failed with. */
export const fromCause = (cause: Cause.Cause<Http2Error.Http2Error>): Http2Error.Http2Error => {
  const error = Cause.squash(cause)
  return Http2Error.isHttp2Error(error)
    ? error
    : new Http2Error.TransportError({ transportReason: "Connect", description: "dialling failed", cause: error })
}

/** Nothing of the client is left. */
export const closed = (): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "User",
    reason: "the client was closed",
    processed: "no"
  })

/** Nobody waits so long. */
export const waitedTooLong = (
  key: string,
  maxWait: number,
  { cause, reason }: { readonly reason: string; readonly cause?: Http2Error.Http2Error }
): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Local",
    reason: `no place on a connection to ${key} within ${Duration.format(Duration.millis(maxWait))}: ${reason}`,
    limit: "maxWait",
    processed: "no",
    cause
  })

/** Too many wait. */
export const full = (most: number): Http2Error.ConnectionError =>
  new Http2Error.ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Local",
    reason: `${most} requests wait for a place already`,
    limit: "maxQueued",
    processed: "no"
  })
