/**
 * Failures of handlers that are the peer's doing: a stream that it has reset or lost, a response that its settings do not allow. Whoever logs has to know: a
 * peer that can fill a log does. Called by handlers.ts and, through `Request`, by other layers.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Predicate from "effect/Predicate"
import { isTooLargeForPeer } from "@effect-http2/engine/message/sectionSize"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"

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
