/**
 * The body of a request that cannot be handed over at once: a Stream, or octets with trailers behind them. Called by prepareRequest.ts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Http2ServerResponse } from "../Http2ServerResponse.js"
import { writeBody, writeTrailers } from "./bodyWriter.js"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import { StreamScope } from "./streamScope.js"

/** Sends what follows the head, or octets that left with it, in a fiber of its own, which ends with the stream. */
export const forkBody = (
  runtime: Runtime.Runtime<never>,
  stream: ClientStream,
  body: Http2ServerResponse["body"],
  trailers: Http2ServerResponse["trailers"]
): void => {
  const scope = new StreamScope()
  const send =
    body === undefined || body instanceof Uint8Array
      ? writeTrailers(stream, trailers)
      : writeBody(stream, body, trailers, scope)
  const program = Effect.onExit(
    Effect.matchCause(send, {
      onFailure: (cause) => bodyFailed(stream, cause),
      onSuccess: () => undefined
    }),
    (exit) => scope.close(exit)
  )
  const fiber: Fiber.RuntimeFiber<void> = Runtime.runFork(runtime)(program)
  if (fiber.unsafePoll() === null) stream.bodyWaits({ interrupt: () => fiber.unsafeInterruptAsFork(FiberId.none) })
}

/** RST_STREAM, never a clean end; the request fails with what the body failed with. */
const bodyFailed = (stream: ClientStream, cause: Cause.Cause<unknown>): void => {
  stream.reset(
    new Http2Error.StreamError({
      streamId: stream.id,
      code: Cause.isInterruptedOnly(cause) ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR,
      origin: "User",
      reason: "the body of the request failed",
      processed: "unknown",
      cause: Cause.squash(cause)
    })
  )
}
