/**
 * The receiver: octets from the transport to frames, as a Stream, and a turn of the engine for each read. The connection's scope forks it once; what it
 * hands on goes to the dispatcher.
 */
import type { Connection } from "@effect-http2/engine/connection/connection"
import { turn } from "@effect-http2/engine/dispatch/dispatcher"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Http2Error from "../Http2Error.js"
import type { Transport } from "../Transport.js"
import { awaitEngine } from "./wake.js"

/**
 * Reads until the peer has ended its side or the transport breaks or is closed, behind the end of the connection too; the engine's turn is one synchronous
 * function for all that is there to be read.
 */
export const receive = (transport: Transport, engine: Connection): Effect.Effect<void> =>
  Stream.map(transport.incoming, (octets) => engine.decode(octets)).pipe(
    Stream.runForEachArray((reads) => {
      turn(engine, reads.length === 1 ? reads[0] : reads.flat())
      return engine.outbox.isFlooded ? awaitDrain(engine) : Effect.void
    }),
    Effect.matchCause({
      onFailure: (cause) => engine.close(toError(cause)),
      onSuccess: () => engine.receivedEnd()
    })
  )

/** A peer that asks for answers and does not read them is not read either: TCP pushes back. */
const awaitDrain = (engine: Connection): Effect.Effect<void> =>
  awaitEngine((resume) => engine.outbox.onDrained(() => resume(Effect.void)))

const toError = (cause: Cause.Cause<Http2Error.TransportError>): Http2Error.TransportError => {
  const error = Cause.squash(cause)
  return Http2Error.isTransportError(error)
    ? error
    : new Http2Error.TransportError({ reason: "Read", description: "the transport failed", cause: error })
}
