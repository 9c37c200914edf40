/**
 * What is sent where a handler fails, and whether the peer has caused the failure. Called by the skin, which runs handlers.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Headers from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { isTooLargeForPeer } from "../message/sectionSize.js"
import type { Response, ServerStream } from "./serverStream.js"

const internalServerError: Response = {
  status: 500,
  headers: Headers.make({ "content-length": "0" }),
  body: undefined,
  trailers: undefined
}

const resetError = (
  { id }: ServerStream,
  code: ErrorCode.ErrorCode,
  description: string,
  cause: unknown
): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: id,
    code,
    origin: "User",
    reason: code === ErrorCode.CANCEL ? "Cancelled" : "UserCode",
    description,
    processed: "unknown",
    cause
  })

/** A body that breaks off must not look complete. `isInterrupted`: its sender was interrupted, and did not fail. */
export const breakOff = (stream: ServerStream, isInterrupted: boolean, cause: unknown): void => {
  if (!stream.isSending) return
  stream.reset(
    isInterrupted
      ? resetError(stream, ErrorCode.CANCEL, "the handler was interrupted", cause)
      : resetError(stream, ErrorCode.INTERNAL_ERROR, "the body of the response failed", cause)
  )
}

/** A response of 500; RST_STREAM where the client's settings do not even allow for that. */
export const respondError = (stream: ServerStream): void => {
  try {
    stream.respond(internalServerError)
  } catch (error) {
    stream.reset(resetError(stream, ErrorCode.INTERNAL_ERROR, "not even the error could be sent", error))
    stream.owner.forcedReset()
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
    inner = typeof inner === "object" && inner !== null && "cause" in inner ? inner.cause : undefined
  }
  return false
}

/** Whether all that a handler failed with is the peer's doing. */
export const isCausedByPeer = (errors: ReadonlyArray<unknown>, stream: ServerStream): boolean =>
  errors.length > 0 && errors.every((error) => isOfPeer(error, stream))

/** What a peer has sent, for a log. */
const shortened = (text: string): string => (text.length > 256 ? `${text.slice(0, 256)}...` : text)

/** A handler, for a log. */
export const describe = ({ head }: ServerStream): string =>
  `handler of ${shortened(head.method)} ${shortened(head.path)}`

/** The error for what a handler gave in place of a response. */
export const wrongType = (what: string, given: unknown): TypeError =>
  new TypeError(
    `a handler gives an Effect of an Http2ServerResponse, as Http2ServerResponse.text makes one, and this one gave ${what}: ${Object.prototype.toString.call(given)}`
  )
