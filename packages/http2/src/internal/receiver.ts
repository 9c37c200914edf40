/**
 * The receiver: octets from the transport to frames, as a Stream, and a turn of the engine for each read. The connection forks it once; what it hands
 * on goes to the dispatcher.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Transport } from "../Transport.js"
import type { Connection } from "@effect-http2/engine/connection/connection"
import { turn } from "@effect-http2/engine/dispatch/dispatcher"
import { drive } from "./streamRun/drive.js"

/** The frames that arrive, one Chunk for each read. */
const framesOf = (transport: Transport, engine: Connection): Stream.Stream<Frame.Frame, Http2Error.TransportError> =>
  Stream.mapChunks(transport.incoming, (reads) => {
    const frames: Array<Frame.Frame> = []
    for (const octets of Chunk.toReadonlyArray(reads)) engine.decode(octets, frames)
    return Chunk.unsafeFromArray(frames)
  })

/**
 * Reads until the peer has ended its side or the transport breaks or is closed, behind the end of the connection too; the engine's turn is one synchronous
 * function for each read. `onEnd` is told when nothing more comes, with why where the transport has failed.
 */
export const receive = (
  transport: Transport,
  engine: Connection,
  onEnd: (error: Http2Error.TransportError | undefined) => void
): Effect.Effect<void> => {
  const dispatch = (chunk: Chunk.Chunk<Frame.Frame>): Effect.Effect<void> | undefined => {
    turn(engine, Chunk.toReadonlyArray(chunk))
    return engine.outbox.isFlooded ? awaitDrain(engine) : undefined
  }
  const ended = (): Effect.Effect<void> => {
    onEnd(undefined)
    return Effect.void
  }
  return Effect.catchAllCause(drive(Stream.toChannel(framesOf(transport, engine)), dispatch, ended), (cause) =>
    Effect.sync(() => onEnd(toError(cause)))
  )
}

/** A peer that asks for answers and does not read them is not read either: TCP pushes back. */
const awaitDrain = (engine: Connection): Effect.Effect<void> =>
  Effect.async((resume) => engine.outbox.onDrained(() => resume(Effect.void)))

const toError = (cause: Cause.Cause<Http2Error.TransportError>): Http2Error.TransportError => {
  const error = Cause.squash(cause)
  return Http2Error.isTransportError(error)
    ? error
    : new Http2Error.TransportError({ reason: "Read", description: "the transport failed", cause: error })
}
