/**
 * A response from its head to the end of its body, what becomes of one that breaks off, and whose doing that is. Called by handlers.ts with what a handler
 * gives, and by Http2ServerRequest.ts for what a handler sends by itself, before it is done.
 */
import * as Failures from "@effect-http2/engine/server/handlerFailures"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http2Error from "../Http2Error.js"
import type { Http2ServerResponse } from "../Http2ServerResponse.js"
import { writeBody, writeTrailers } from "./sendBody.js"

/** What was being sent has failed, or was interrupted. */
export const breakOff = (stream: ServerStream, cause: Cause.Cause<unknown>): void =>
  Failures.breakOff(stream, Cause.isInterruptedOnly(cause), Cause.squash(cause))

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

/** Whether all that `cause` holds is the peer's doing. */
export const isCausedByPeer = (cause: Cause.Cause<unknown>, stream: ServerStream): boolean =>
  Failures.isCausedByPeer([...Cause.failures(cause), ...Cause.defects(cause)], stream)
