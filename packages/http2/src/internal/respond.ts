/**
 * A response from its head to the end of its body, what becomes of one that breaks off, and whose doing that is. Called by handlers.ts with what a handler
 * gives, and by Http2ServerRequest.ts for what a handler sends by itself, before it is done.
 */
import { isTooLargeForPeer } from "@effect-http2/engine/message/sectionSize"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Http2ServerResponse } from "../Http2ServerResponse.js"
import { writeBody, writeTrailers } from "./sendBody.js"

/** The error of a stream whose handler, or its body, did not come to its end. */
export const resetError = (
  stream: ServerStream,
  code: ErrorCode.ErrorCode,
  description: string,
  cause: Cause.Cause<unknown>
): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: stream.id,
    code,
    origin: "User",
    reason: Cause.isInterruptedOnly(cause) ? "Cancelled" : "UserCode",
    description,
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

/** How many errors may be wrapped around one. */
const mostWrapped = 8

/** Whether `error`, or what it was caused by, is what ended the stream, or says that the peer does not accept a section on it. */
const isOfPeer = (error: unknown, stream: ServerStream): boolean => {
  let inner = error
  for (let depth = 0; depth < mostWrapped && inner !== undefined; depth++) {
    // An error of the user's own may have ended the stream, too.
    if (inner === stream.error && stream.error?.origin !== "User") return true
    if (isTooLargeForPeer(inner, stream.id)) return true
    inner = Predicate.hasProperty(inner, "cause") ? inner.cause : undefined
  }
  return false
}

/** Whether all that `cause` holds is the peer's doing. */
export const isCausedByPeer = (cause: Cause.Cause<unknown>, stream: ServerStream): boolean => {
  const errors = [...Chunk.toReadonlyArray(Cause.failures(cause)), ...Chunk.toReadonlyArray(Cause.defects(cause))]
  return errors.length > 0 && errors.every((error) => isOfPeer(error, stream))
}
