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
import type { ConnectionCore } from "@effect-http2/engine/connection/connectionCore"
import type { Deadlines } from "@effect-http2/engine/connection/deadlines"
import { turn } from "@effect-http2/engine/dispatch/dispatcher"
import type { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { drive } from "./streamRun/drive.js"

/** The frames that arrive, one Chunk for each read. */
const framesOf = (
  transport: Transport,
  core: ConnectionCore,
  decoder: FrameDecoder
): Stream.Stream<Frame.Frame, Http2Error.TransportError> =>
  Stream.mapChunks(transport.incoming, (reads) => {
    // Nothing counts behind the end (§5.4.1): what an attacker still sends is not even decoded.
    if (core.status === "closed") return Chunk.empty()
    const frames: Array<Frame.Frame> = []
    for (const octets of Chunk.toReadonlyArray(reads)) decoder.decode(octets, frames)
    return Chunk.unsafeFromArray(frames)
  })

/** Reads until the peer has ended its side or the connection breaks; the engine's turn is one synchronous function for each read. */
export const receive = (
  transport: Transport,
  core: ConnectionCore,
  decoder: FrameDecoder,
  deadlines: Deadlines
): Effect.Effect<void> => {
  const dispatch = (chunk: Chunk.Chunk<Frame.Frame>): Effect.Effect<void> | undefined => {
    const frames = Chunk.toReadonlyArray(chunk)
    turn(core, frames)
    deadlines.noteTurn(frames)
    return core.outbox.isFlooded ? awaitDrain(core) : undefined
  }
  const ended = (): Effect.Effect<void> => Effect.sync(() => core.receivedEnd(decoder.isMidFrame))
  return Effect.catchAllCause(drive(Stream.toChannel(framesOf(transport, core, decoder)), dispatch, ended), (cause) =>
    Effect.sync(() => core.close(toError(cause)))
  )
}

/** A peer that asks for answers and does not read them is not read either: TCP pushes back. */
const awaitDrain = (core: ConnectionCore): Effect.Effect<void> =>
  Effect.async((resume) => core.outbox.onDrained(() => resume(Effect.void)))

const toError = (cause: Cause.Cause<Http2Error.TransportError>): Http2Error.TransportError => {
  const error = Cause.squash(cause)
  return Http2Error.isTransportError(error)
    ? error
    : new Http2Error.TransportError({ transportReason: "Read", description: "the transport failed", cause: error })
}
