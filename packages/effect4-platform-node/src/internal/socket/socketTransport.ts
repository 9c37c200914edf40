/**
 * The `Transport` over an open socket: what `@effect-http2/node` makes of it, with effects where somebody waits, and a Stream of what arrives.
 */
import type { TransportError } from "@effect-http2/effect4-http2/Http2Error"
import type { Transport } from "@effect-http2/effect4-http2/Transport"
import type { Path } from "@effect-http2/node/socket/peer"
import { SocketOutput } from "@effect-http2/node/socket/socketOutput"
import type { Outcome, Refuse, SocketReader } from "@effect-http2/node/socket/socketReader"
import * as Sockets from "@effect-http2/node/socket/sockets"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type * as Net from "node:net"

/** Destroys a socket and completes when it has closed. For sockets that never became a transport, too. */
export const destroySocket = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.callback((resume) => Sockets.destroySocket(socket, () => resume(Effect.void)))

type Reading = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, TransportError>

const over = (outcome: Outcome | undefined): Reading =>
  outcome === undefined || outcome === "ended" ? Cause.done() : Effect.fail(outcome)

/** All that is there, with each pull. A pull that is interrupted swallows what comes next: nobody pulls behind it, since `incoming` is run once. */
const pullOf = (reader: SocketReader): Reading => {
  const handOn = (arrived: ReadonlyArray<Uint8Array>): Reading =>
    Arr.isReadonlyArrayNonEmpty(arrived) ? Effect.succeed(arrived) : over(reader.outcome)
  const wait: Reading = Effect.callback((resume) => reader.wait((arrived) => resume(handOn(arrived))))
  return Effect.suspend(() =>
    reader.hasArrived ? handOn(reader.take()) : reader.outcome === undefined ? wait : over(reader.outcome)
  )
}

class SocketTransport extends SocketOutput implements Transport {
  readonly incoming: Transport["incoming"] = Stream.fromPull(Effect.succeed(pullOf(this.reader)))

  readonly end: Effect.Effect<void> = Effect.callback((resume) =>
    Effect.sync(this.endWrites(() => resume(Effect.void)))
  )

  readonly close: Effect.Effect<void> = Effect.callback((resume) => this.destroy(() => resume(Effect.void)))
}

export const fromOpenSocket = (socket: Net.Socket, path?: Path, refuse?: Refuse): Transport =>
  new SocketTransport(socket, path, refuse)
