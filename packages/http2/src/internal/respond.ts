/**
 * A response that a handler sends by itself, before it is done. Called by the public `Request` of Http2Server.ts; handlerRunner.ts takes its errors from here.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Http2Response } from "../Http2Response.js"
import { writeBody, writeTrailers } from "./bodyWriter.js"
import type { ServerStream } from "./serverStream.js"

/** The error of a stream whose handler, or its body, did not come to its end. */
export const resetError = (
  stream: ServerStream,
  code: ErrorCode.ErrorCode,
  reason: string,
  cause: Cause.Cause<unknown>
): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: stream.id,
    code,
    origin: "User",
    reason,
    processed: "unknown",
    cause: Cause.squash(cause)
  })

/** A body that did not come to its end must not look as if it had. */
const resetFor =
  (stream: ServerStream) =>
  (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
    Effect.sync(() => {
      if (!stream.isSending) return
      const isInterrupted = Cause.isInterruptedOnly(cause)
      stream.reset(
        isInterrupted
          ? resetError(stream, ErrorCode.CANCEL, "the handler was interrupted", cause)
          : resetError(stream, ErrorCode.INTERNAL_ERROR, "the body of the response failed", cause)
      )
    })

/** Sends `response`, unless one was sent. See `Http2Server.Request.respond`. */
export const sendResponse = (stream: ServerStream, response: Http2Response): Effect.Effect<void, unknown> => {
  if (stream.error !== undefined) return Effect.fail(stream.error)
  if (stream.hasResponded || !stream.isSending) {
    return Effect.fail(Http2Error.usageError(stream.id, "8.1", "the response was sent already"))
  }
  try {
    if (stream.respond(response)) return Effect.void
  } catch (error) {
    return Effect.fail(error)
  }
  const { body, trailers } = response
  const rest =
    body === undefined || body instanceof Uint8Array
      ? writeTrailers(stream, trailers)
      : Effect.scopedWith((scope) => writeBody(stream, body, trailers, scope))
  return Effect.onError(rest, resetFor(stream))
}
