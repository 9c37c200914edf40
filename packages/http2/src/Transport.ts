/**
 * The port between HTTP/2 and whatever carries its bytes: a socket, TLS, a pair of in-memory queues. The engine pulls `incoming`
 * and pushes with `write`; it knows nothing else of the world below.
 *
 * @since 0.1.0
 */
import type { Link } from "@effect-http2/engine/Link"
import type { Output } from "@effect-http2/engine/Output"
import type { Peer } from "@effect-http2/engine/Peer"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { isTransportError, type TransportError } from "./Http2Error.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Link
} from "@effect-http2/engine/Link"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Address,
  /**
   * @since 0.1.0
   * @category models
   */
  Peer,
  /**
   * @since 0.1.0
   * @category models
   */
  TlsInfo
} from "@effect-http2/engine/Peer"

/**
 * A bidirectional connection that carries octets in order. It is acquired in a scope, whose end destroys it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport extends Output {
  readonly peer: Peer

  /**
   * What arrives, as it arrives, in order; one element for each read. It ends when the peer has ended its side, and fails with a
   * `TransportError` when the connection breaks. Reading pauses while it is not pulled. To be run once.
   */
  readonly incoming: Stream.Stream<Uint8Array, TransportError>

  /**
   * Sends what was written, then ends our side. Completes when all of it was handed to the system, or the connection is gone. The
   * peer may go on sending.
   */
  readonly end: Effect.Effect<void>

  /**
   * Closes at once, dropping what was not sent; `incoming` ends. Completes when the connection is closed. Safe to run more than once.
   */
  readonly close: Effect.Effect<void>
}

/**
 * The transport that `Http2Client.layer` and `Http2Server.layer` speak over.
 *
 * @since 0.1.0
 * @category tags
 */
export const Transport: Context.Tag<Transport, Transport> = Context.GenericTag("@effect-http2/http2/Transport")

type Reads = Chunk.Chunk<Uint8Array>

/** What arrives on a link, all that is there with each pull; none at the end. */
const pullOf = (link: Link): Effect.Effect<Reads, TransportError> =>
  Effect.async((resume) => {
    const stop = link.read((reading) =>
      resume(isTransportError(reading) ? Effect.fail(reading) : Effect.succeed(Chunk.unsafeFromArray(reading)))
    )
    return Effect.sync(stop)
  })

const loop = (
  pull: Effect.Effect<Reads, TransportError>
): Channel.Channel<Reads, unknown, TransportError, unknown, void> =>
  Channel.flatMap(Channel.fromEffect(pull), (reads) =>
    reads.length === 0 ? Channel.void : Channel.flatMap(Channel.write(reads), () => loop(pull))
  )

/**
 * A link as a transport.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLink = (link: Link): Transport => {
  const { hold, memory } = link
  const pull = pullOf(link)
  return {
    peer: link.peer,
    incoming: Stream.fromChannel(Channel.suspend(() => loop(pull))),
    write: (chunks) => link.write(chunks),
    ...(memory === undefined ? {} : { memory }),
    pendingOctets: () => link.pendingOctets(),
    onDrain: (listener) => link.onDrain(listener),
    defer: (task) => link.defer(task),
    ...(hold === undefined ? {} : { hold: (isHeld) => hold.call(link, isHeld) }),
    end: Effect.async<void>((resume) => Effect.sync(link.end(() => resume(Effect.void)))),
    close: Effect.async<void>((resume) => link.close(() => resume(Effect.void)))
  }
}
