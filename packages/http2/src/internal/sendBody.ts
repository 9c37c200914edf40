/**
 * A body that leaves, a Stream or octets with trailers behind them, to DATA: pulled as the stream's windows and the socket make room, by StreamRun's runner.
 * Called by respond.ts for responses, by clientRequests.ts for requests, and by Http2Tunnel.ts.
 */
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Sent from "@effect-http2/engine/stream/sentBody"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Headers } from "../Headers.js"
import type { Http2Error } from "../Http2Error.js"
import type { OutgoingMessage } from "./outgoingMessage.js"
import { drive } from "./streamRun/drive.js"
import { StreamScope } from "./streamScope.js"

/** Waits until the sender has room. */
const awaitRoom = (stream: EngineStream): Effect.Effect<void> =>
  Effect.async((resume) => Sent.onRoom(stream, () => resume(Effect.void)))

/** What is to be run behind a piece that was sent, unless `error` says that it was not; undefined where the next one need not wait. */
const behind = (stream: EngineStream, error: Http2Error | undefined): Effect.Effect<void, Http2Error> | undefined => {
  if (error !== undefined) return Effect.fail(error)
  return Sent.isFull(stream) ? awaitRoom(stream) : undefined
}

/** Sends `octets` as part of the body, and waits while too many wait to be sent. Fails when the stream is over. */
export const writeChunk = (stream: EngineStream, octets: Uint8Array): Effect.Effect<void, Http2Error> =>
  behind(stream, Sent.sendPieces(stream, [octets])) ?? Effect.void

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
    const sent = new Sent.SentBody(stream)
    const write = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, Http2Error> | undefined =>
      behind(stream, sent.push(Chunk.toReadonlyArray(chunk)))
    const end = (): Effect.Effect<void, unknown> => {
      const { shortness } = sent
      return shortness === undefined ? writeTrailers(stream, trailers) : Effect.fail(shortness)
    }
    return drive(Stream.toChannel(body), write, end, scope)
  })

/** Sends `trailers` behind the body that was given before, and ends our side. */
export const writeTrailers = (
  stream: EngineStream,
  trailers: Effect.Effect<Headers, unknown> | undefined
): Effect.Effect<void, unknown> =>
  trailers === undefined
    ? Effect.suspend(() => endBody(stream, undefined))
    : Effect.flatMap(trailers, (headers) => endBody(stream, headers))

/** Ends our side, with `trailers` where there are any. Fails when the stream is over. */
export const endBody = (stream: EngineStream, trailers: Headers | undefined): Effect.Effect<void, Http2Error> => {
  const error = Sent.endSide(stream, trailers)
  return error === undefined ? Effect.void : Effect.fail(error)
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

const bodyFailed = (stream: ClientStream, cause: Cause.Cause<unknown>): void =>
  stream.bodyFailed(Cause.isInterruptedOnly(cause), Cause.squash(cause))
