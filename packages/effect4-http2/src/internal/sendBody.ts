/**
 * A body that leaves, a Stream or octets with trailers behind them, to DATA: pulled as the stream's windows and the socket make room. Called by respond.ts
 * for responses, by clientRequests.ts for requests, and by Http2Tunnel.ts.
 */
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import { checkTrailers } from "@effect-http2/engine/message/sectionSize"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ErrorCode from "../ErrorCode.js"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { awaitEngine, behindStep } from "./wake.js"

type Trailers = Effect.Effect<Headers, unknown> | undefined

const gone = (stream: EngineStream): Http2Error.Http2Error =>
  stream.error ?? Http2Error.usageError(stream.id, "5.1", "the stream is over")

/** Waits until the sender has room. */
const awaitRoom = (stream: EngineStream): Effect.Effect<void> =>
  awaitEngine((resume) => {
    if (stream.sender === undefined || !stream.sender.isFull) return resume(Effect.void)
    stream.sender.onRoom(() => resume(Effect.void))
  })

/** Sends `pieces` as part of the body, and waits while too many octets wait to be sent. Fails when the stream is over. */
export const write = (
  stream: EngineStream,
  pieces: ReadonlyArray<Uint8Array>
): Effect.Effect<void, Http2Error.Http2Error> => {
  if (!stream.isSending) return Effect.fail(gone(stream))
  for (const octets of pieces) if (octets.length > 0) stream.sendData(octets, false)
  return stream.sender !== undefined && stream.sender.isFull ? awaitRoom(stream) : Effect.void
}

/**
 * Sends `body` and behind it `trailers`, and ends our side. Fails, with our side still open, with what the Stream fails with, or
 * with a `StreamError` when the stream is over. What the Stream acquires is released behind its last octets, and before that end.
 */
export const writeBody = (
  stream: EngineStream,
  body: Stream.Stream<Uint8Array, unknown>,
  trailers: Trailers
): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    let sent = 0
    const announced = stream.announcedOctets
    return Stream.runForEachArray(body, (pieces) => {
      for (const { length } of pieces) sent += length
      return announced >= 0 && sent > announced ? Effect.fail(lengthError(stream)) : write(stream, pieces)
    }).pipe(
      Effect.flatMap(() => (sent < announced ? Effect.fail(lengthError(stream)) : writeTrailers(stream, trailers)))
    )
  })

/** What is sent has to be as long as it says (§8.1.1). */
const lengthError = (stream: EngineStream): Http2Error.StreamError =>
  Http2Error.usageError(stream.id, "8.1.1", `content-length is ${stream.announcedOctets}, the body is not`)

/** Sends `trailers` behind the body that was given before, and ends our side. */
export const writeTrailers = (stream: EngineStream, trailers: Trailers): Effect.Effect<void, unknown> =>
  trailers === undefined
    ? Effect.suspend(() => endBody(stream, undefined))
    : Effect.flatMap(trailers, (headers) => endBody(stream, headers))

/** Ends our side, with `trailers` where there are any. Fails when the stream is over. */
export const endBody = (
  stream: EngineStream,
  trailers: Headers | undefined
): Effect.Effect<void, Http2Error.Http2Error> => {
  if (!stream.isSending) return Effect.fail(gone(stream))
  try {
    if (trailers !== undefined) checkTrailers(stream.owner.peerMaxHeaderListSize, stream.id, trailers)
    stream.sendEnd(trailers !== undefined && trailers.fields.length > 0 ? trailers : undefined)
    return Effect.void
  } catch (error) {
    return Http2Error.isHttp2Error(error) ? Effect.fail(error) : Effect.die(error)
  }
}

/** Sends what follows the head of a request, or octets that left with it, in a fiber of its own, which ends with the stream. */
export const forkBody = (
  context: Context.Context<never>,
  stream: ClientStream,
  body: Stream.Stream<Uint8Array, unknown> | undefined,
  trailers: Trailers
): void => {
  const send = body === undefined ? writeTrailers(stream, trailers) : writeBody(stream, body, trailers)
  const fiber = Effect.runForkWith(context)(
    Effect.matchCause(send, { onFailure: (cause) => bodyFailed(stream, cause), onSuccess })
  )
  if (fiber.pollUnsafe() === undefined) stream.bodyWaits({ interrupt: () => behindStep(() => fiber.interruptUnsafe()) })
}

const onSuccess = (): void => {}

/** RST_STREAM, never a clean end; the request fails with what the body failed with. */
const bodyFailed = (stream: ClientStream, cause: Cause.Cause<unknown>): void => {
  stream.reset(
    new Http2Error.StreamError({
      streamId: stream.id,
      code: Cause.hasInterruptsOnly(cause) ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR,
      origin: "User",
      reason: Cause.hasInterruptsOnly(cause) ? "Cancelled" : "UserCode",
      description: "the body of the request failed",
      processed: "unknown",
      cause: Cause.squash(cause)
    })
  )
}
