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
import type { Deadlines } from "@effect-http2/engine/connection/deadlines"
import { turn } from "@effect-http2/engine/dispatch/dispatcher"
import type { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { drive } from "./streamRun/drive.js"

/**
 * Octets that are read behind the end of a connection: what the window that we give by default lets an honest peer have on its way. A socket that is closed
 * over octets that nobody has read resets the connection, which may take GOAWAY away from the peer. Who sends more than that is not read on.
 */
const mostBehindEnd = 1_048_576

/** What comes behind the end. */
class Rest {
  private octets = 0

  drop(reads: Chunk.Chunk<Uint8Array>): void {
    for (const { length } of reads) this.octets += length
  }

  get isTooMuch(): boolean {
    return this.octets > mostBehindEnd
  }
}

const notReadOn = new Http2Error.TransportError({
  transportReason: "Closed",
  description: "the peer goes on sending behind the end of the connection"
})

/** The frames that arrive, one Chunk for each read. */
const framesOf = (
  transport: Transport,
  engine: Connection,
  decoder: FrameDecoder,
  rest: Rest
): Stream.Stream<Frame.Frame, Http2Error.TransportError> =>
  Stream.mapChunks(transport.incoming, (reads) => {
    // Nothing counts behind the end (§5.4.1): what an attacker still sends is not even decoded.
    if (engine.isClosed) {
      rest.drop(reads)
      return Chunk.empty()
    }
    const frames: Array<Frame.Frame> = []
    for (const octets of Chunk.toReadonlyArray(reads)) decoder.decode(octets, frames)
    return Chunk.unsafeFromArray(frames)
  })

/**
 * Reads until the peer has ended its side or the connection breaks, and behind the end of the connection no more than is due to an honest peer; the engine's
 * turn is one synchronous function for each read.
 */
export const receive = (
  transport: Transport,
  engine: Connection,
  decoder: FrameDecoder,
  deadlines: Deadlines
): Effect.Effect<void> => {
  const rest = new Rest()
  const dispatch = (chunk: Chunk.Chunk<Frame.Frame>): Effect.Effect<void, Http2Error.TransportError> | undefined => {
    if (engine.isClosed) return rest.isTooMuch ? Effect.fail(notReadOn) : undefined
    const frames = Chunk.toReadonlyArray(chunk)
    turn(engine, frames)
    deadlines.noteTurn(frames)
    return engine.outbox.isFlooded ? awaitDrain(engine) : undefined
  }
  const ended = (): Effect.Effect<void> => Effect.sync(() => engine.receivedEnd(decoder.isMidFrame))
  return Effect.catchAllCause(
    drive(Stream.toChannel(framesOf(transport, engine, decoder, rest)), dispatch, ended),
    (cause) => Effect.sync(() => engine.close(toError(cause)))
  )
}

/** A peer that asks for answers and does not read them is not read either: TCP pushes back. */
const awaitDrain = (engine: Connection): Effect.Effect<void> =>
  Effect.async((resume) => engine.outbox.onDrained(() => resume(Effect.void)))

const toError = (cause: Cause.Cause<Http2Error.TransportError>): Http2Error.TransportError => {
  const error = Cause.squash(cause)
  return Http2Error.isTransportError(error)
    ? error
    : new Http2Error.TransportError({ transportReason: "Read", description: "the transport failed", cause: error })
}
