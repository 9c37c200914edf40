/**
 * A response from its head to the end of its body. Called by handlers.ts with what a handler gives, and by Http2ServerRequest.ts for what a handler sends by
 * itself, before it is done.
 */
import { breakOff } from "@effect-http2/engine/server/handlerFailures"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Http2Error from "../Http2Error.js"
import type { Http2ServerResponse } from "../Http2ServerResponse.js"
import { writeBody, writeTrailers } from "./sendBody.js"

/** What a handler failed and died with. */
export const errorsOf = (cause: Cause.Cause<unknown>): ReadonlyArray<unknown> =>
  cause.reasons.flatMap((reason) =>
    Cause.isFailReason(reason) ? [reason.error] : Cause.isDieReason(reason) ? [reason.defect] : []
  )

/** What was being sent has failed, or was interrupted. */
export const breakOffBy = (stream: ServerStream, cause: Cause.Cause<unknown>): void =>
  breakOff(stream, Cause.hasInterruptsOnly(cause), Cause.squash(cause))

/**
 * Sends what is at hand of `response`. What is left to be run for the rest of it, undefined where that was all. Throws as `ServerStream.respond` does.
 */
export const begin = (
  stream: ServerStream,
  response: Http2ServerResponse
): Effect.Effect<void, unknown> | undefined => {
  if (stream.respond(response)) return undefined
  const { body, trailers } = response
  return body === undefined || body instanceof Uint8Array
    ? writeTrailers(stream, trailers)
    : writeBody(stream, body, trailers)
}

/** Sends `response`, unless one was sent. See `Http2ServerRequest.Http2ServerRequest.respond`. */
export const sendResponse = (stream: ServerStream, response: Http2ServerResponse): Effect.Effect<void, unknown> => {
  if (stream.error !== undefined) return Effect.fail(stream.error)
  if (stream.hasResponded || !stream.isSending) {
    return Effect.fail(Http2Error.usageError(stream.id, "8.1", "the response was sent already"))
  }
  try {
    const rest = begin(stream, response)
    return rest === undefined
      ? Effect.void
      : Effect.onError(rest, (cause) => Effect.sync(() => breakOffBy(stream, cause)))
  } catch (error) {
    return Effect.fail(error)
  }
}
