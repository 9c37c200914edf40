/**
 * A body that leaves, a Stream or octets with trailers behind them, to DATA: pulled as the stream's windows and the socket make room. Called by respond.ts
 * for responses, by clientRequests.ts for requests, and by Http2Tunnel.ts.
 */
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Sent from "@effect-http2/engine/stream/sentBody"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Headers } from "../Headers.js"
import type { Http2Error } from "../Http2Error.js"
import { awaitEngine, behindStep } from "./wake.js"

type Trailers = Effect.Effect<Headers, unknown> | undefined

/** Waits until the sender has room. */
const awaitRoom = (stream: EngineStream): Effect.Effect<void> =>
  awaitEngine((resume) => Sent.onRoom(stream, () => resume(Effect.void)))

/** What is to be run behind a piece that was sent, unless `error` says that it was not. */
const behind = (stream: EngineStream, error: Http2Error | undefined): Effect.Effect<void, Http2Error> => {
  if (error !== undefined) return Effect.fail(error)
  return Sent.isFull(stream) ? awaitRoom(stream) : Effect.void
}

/** Sends `octets` as part of the body, and waits while too many wait to be sent. Fails when the stream is over. */
export const writeChunk = (stream: EngineStream, octets: Uint8Array): Effect.Effect<void, Http2Error> =>
  behind(stream, Sent.sendPieces(stream, [octets]))

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
    const sent = new Sent.SentBody(stream)
    return Stream.runForEachArray(body, (pieces) => behind(stream, sent.push(pieces))).pipe(
      Effect.flatMap(() => {
        const { shortness } = sent
        return shortness === undefined ? writeTrailers(stream, trailers) : Effect.fail(shortness)
      })
    )
  })

/** Sends `trailers` behind the body that was given before, and ends our side. */
export const writeTrailers = (stream: EngineStream, trailers: Trailers): Effect.Effect<void, unknown> =>
  trailers === undefined
    ? Effect.suspend(() => endBody(stream, undefined))
    : Effect.flatMap(trailers, (headers) => endBody(stream, headers))

/** Ends our side, with `trailers` where there are any. Fails when the stream is over. */
export const endBody = (stream: EngineStream, trailers: Headers | undefined): Effect.Effect<void, Http2Error> => {
  const error = Sent.endSide(stream, trailers)
  return error === undefined ? Effect.void : Effect.fail(error)
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

const bodyFailed = (stream: ClientStream, cause: Cause.Cause<unknown>): void =>
  stream.bodyFailed(Cause.hasInterruptsOnly(cause), Cause.squash(cause))
