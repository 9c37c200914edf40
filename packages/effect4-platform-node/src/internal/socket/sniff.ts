/**
 * What a new connection speaks. Called for every connection that a port accepts.
 */
import {
  agreedProtocol,
  type First,
  type Protocol,
  protocolOf,
  readFirst,
  readProtocol
} from "@effect-http2/node/socket/sniff"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"

/** The first octets, as few as `tell` needs, put back. `timeout` in ms. */
export const first = <A>(
  socket: Net.Socket,
  timeout: number,
  tell: (octets: Uint8Array) => A | undefined
): Effect.Effect<First<A>> =>
  Effect.callback((resume) => Effect.sync(readFirst(socket, timeout, tell, (first) => resume(Effect.succeed(first)))))

/** What TLS has agreed on; on a plain connection, what the client begins with. */
export const protocol = (socket: Net.Socket, timeout: number): Effect.Effect<Protocol> => {
  const agreed = agreedProtocol(socket)
  return agreed === undefined
    ? Effect.map(first(socket, timeout, protocolOf), (first) => readProtocol(socket, first))
    : Effect.succeed(agreed)
}
