/**
 * The scope of one stream: what a handler acquires is released when its stream is done. It is Effect's own, which holds nothing until something is added to it.
 * Made and closed by handlers.ts.
 */
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Http2ServerRequest } from "../Http2ServerRequest.js"

/** The end of the stream's scope, unless somebody else closes it: what `Http2ServerRequest.leaveScopeOpenUnsafe` says. */
export const closeStreamScope = (
  { attachment }: ServerStream,
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> => {
  const isLeftOpen = attachment instanceof Http2ServerRequest && attachment.leavesScopeOpen
  return isLeftOpen ? Effect.void : (Scope.closeUnsafe(scope, exit) ?? Effect.void)
}
