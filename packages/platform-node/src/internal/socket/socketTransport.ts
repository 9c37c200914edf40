/**
 * The `Transport` over an open socket: what `@effect-http2/node` makes of it, with Effects where somebody waits, and a Stream of what arrives.
 */
import { SocketOutput } from "@effect-http2/node/socket/socketOutput"
import type { Outcome, Refuse, SocketReader } from "@effect-http2/node/socket/socketReader"
import type { Path } from "@effect-http2/node/socket/peer"
import * as Sockets from "@effect-http2/node/socket/sockets"
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Net from "node:net"

/** Destroys a socket and completes when it has closed. For sockets that never became a transport, too. */
export const destroySocket = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.async((resume) => Sockets.destroySocket(socket, () => resume(Effect.void)))

type Arrived = Chunk.Chunk<Uint8Array>
type Loop = Channel.Channel<Arrived, unknown, TransportError, unknown, void>

const end = (outcome: Outcome): Loop => (outcome === "ended" ? Channel.void : Channel.fail(outcome))

/**
 * The cheapest of the shapes that were measured: what is there already is written without an Effect in between, and the wait has no
 * finalizer (a third of the cost of a read). A reader that was interrupted while it waited leaves its waiter behind, which swallows one
 * chunk; nobody else reads it, since `incoming` is run once.
 */
const loopOf = (reader: SocketReader): Loop => {
  const wait = Effect.async<Arrived>((resume) => {
    reader.wait((arrived) => resume(Effect.succeed(Chunk.unsafeFromArray(arrived))))
  })
  const next = (): Loop => {
    if (reader.hasArrived) return handOn(Chunk.unsafeFromArray(reader.take()))
    const { outcome } = reader
    return outcome === undefined ? awaitNext : end(outcome)
  }
  const handOn = (arrived: Arrived): Loop =>
    arrived.length === 0 ? next() : Channel.flatMap(Channel.write(arrived), next)
  const awaitNext: Loop = Channel.flatMap(Channel.fromEffect(wait), handOn)
  return Channel.suspend(next)
}

/** Each Effect is made where it is asked for: a connection needs them once, at its beginning and at its end. */
class SocketTransport extends SocketOutput implements Transport {
  get incoming(): Transport["incoming"] {
    return Stream.fromChannel(loopOf(this.reader))
  }

  get end(): Effect.Effect<void> {
    return Effect.async((resume) => {
      const stop = this.endWrites(() => resume(Effect.void))
      return Effect.sync(stop)
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.async((resume) => this.destroy(() => resume(Effect.void)))
  }
}

export const fromOpenSocket = (socket: Net.Socket, path?: Path, refuse?: Refuse): Transport =>
  new SocketTransport(socket, path, refuse)
