/**
 * A body that leaves, a Stream or octets with trailers behind them, to DATA: pulled as the stream's windows and the socket make room, by StreamRun's runner.
 * Called by respond.ts for responses, by clientRequests.ts for requests, and by Http2Tunnel.ts.
 */
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import { checkTrailers } from "@effect-http2/engine/message/sectionSize"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ErrorCode from "../ErrorCode.js"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import type { OutgoingMessage } from "./outgoingMessage.js"
import { drive } from "./streamRun/drive.js"
import { StreamScope } from "./streamScope.js"

const gone = (stream: EngineStream): Http2Error.Http2Error =>
  stream.error ?? Http2Error.usageError(stream.id, "5.1", "the stream is over")

/** Waits until the sender has room. */
const awaitRoom = (stream: EngineStream): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (stream.sender === undefined || !stream.sender.isFull) return resume(Effect.void)
    stream.sender.onRoom(() => resume(Effect.void))
  })

/** Undefined where the next one need not wait. */
const pushChunk = (
  stream: EngineStream,
  chunk: ReadonlyArray<Uint8Array>
): Effect.Effect<void, Http2Error.Http2Error> | undefined => {
  if (!stream.isSending) return Effect.fail(gone(stream))
  for (const octets of chunk) if (octets.length > 0) stream.sendData(octets, false)
  return stream.sender !== undefined && stream.sender.isFull ? awaitRoom(stream) : undefined
}

/** Sends `octets` as part of the body, and waits while too many wait to be sent. Fails when the stream is over. */
export const writeChunk = (stream: EngineStream, octets: Uint8Array): Effect.Effect<void, Http2Error.Http2Error> =>
  pushChunk(stream, [octets]) ?? Effect.void

/**
 * Sends `body` and behind it `trailers`, and ends our side. Fails, with our side still open, with what the Stream fails with, or
 * with a `StreamError` when the stream is over. What the Stream acquires belongs to `scope`, and
 * where there is none, to the body alone.
 */
export const writeBody = <R>(
  stream: EngineStream,
  body: Stream.Stream<Uint8Array, unknown, R>,
  trailers: Effect.Effect<Headers, unknown> | undefined,
  scope: Scope.Scope | undefined
): Effect.Effect<void, unknown, R> =>
  Effect.suspend(() => {
    let sent = 0
    const write = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, Http2Error.Http2Error> | undefined => {
      const pieces = Chunk.toReadonlyArray(chunk)
      for (const { length } of pieces) sent += length
      if (stream.announcedOctets >= 0 && sent > stream.announcedOctets) return Effect.fail(lengthError(stream))
      return pushChunk(stream, pieces)
    }
    const end = (): Effect.Effect<void, unknown> =>
      sent < stream.announcedOctets ? Effect.fail(lengthError(stream)) : writeTrailers(stream, trailers)
    return drive(Stream.toChannel(body), write, end, scope)
  })

/** What is sent has to be as long as it says (§8.1.1). */
const lengthError = (stream: EngineStream): Http2Error.StreamError =>
  Http2Error.usageError(stream.id, "8.1.1", `content-length is ${stream.announcedOctets}, the body is not`)

/** Sends `trailers` behind the body that was given before, and ends our side. */
export const writeTrailers = (
  stream: EngineStream,
  trailers: Effect.Effect<Headers, unknown> | undefined
): Effect.Effect<void, unknown> =>
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

/** Sends what follows the head, or octets that left with it, in a fiber of its own, which ends with the stream. */
export const forkBody = (
  runtime: Runtime.Runtime<never>,
  stream: ClientStream,
  body: OutgoingMessage["body"],
  trailers: OutgoingMessage["trailers"]
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
      reason: Cause.isInterruptedOnly(cause) ? "Cancelled" : "UserCode",
      description: "the body of the request failed",
      processed: "unknown",
      cause: Cause.squash(cause)
    })
  )
}
