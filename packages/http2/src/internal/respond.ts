/**
 * A response from its head to the end of its body, and what becomes of one that breaks off. Called by handlers.ts with what a handler gives,
 * and by Http2ServerRequest.ts for what a handler sends by itself, before it is done.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Http2ServerResponse } from "../Http2ServerResponse.js"
import { writeBody, writeTrailers } from "./bodyWriter.js"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"

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
export const breakOff = (stream: ServerStream, cause: Cause.Cause<unknown>): void => {
  if (!stream.isSending) return
  stream.reset(
    Cause.isInterruptedOnly(cause)
      ? resetError(stream, ErrorCode.CANCEL, "the handler was interrupted", cause)
      : resetError(stream, ErrorCode.INTERNAL_ERROR, "the body of the response failed", cause)
  )
}

/**
 * Sends what is at hand of `response`. What is left to be run for the rest of it, undefined where that was all. What a Stream acquires belongs to
 * `scope`, and where there is none, to the body alone. Throws as `ServerStream.respond` does.
 */
export const begin = (
  stream: ServerStream,
  response: Http2ServerResponse,
  scope: Scope.Scope | undefined
): Effect.Effect<void, unknown> | undefined => {
  if (stream.respond(response)) return undefined
  const { body, trailers } = response
  if (body === undefined || body instanceof Uint8Array) return writeTrailers(stream, trailers)
  return writeBody(stream, body, trailers, scope)
}

/** Sends `response`, unless one was sent. See `Http2ServerRequest.Http2ServerRequest.respond`. */
export const sendResponse = (stream: ServerStream, response: Http2ServerResponse): Effect.Effect<void, unknown> => {
  if (stream.error !== undefined) return Effect.fail(stream.error)
  if (stream.hasResponded || !stream.isSending) {
    return Effect.fail(Http2Error.usageError(stream.id, "8.1", "the response was sent already"))
  }
  try {
    const rest = begin(stream, response, undefined)
    return rest === undefined
      ? Effect.void
      : Effect.onError(rest, (cause) => Effect.sync(() => breakOff(stream, cause)))
  } catch (error) {
    return Effect.fail(error)
  }
}
