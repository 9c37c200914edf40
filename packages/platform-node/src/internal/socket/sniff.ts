/**
 * What a new connection speaks, while somebody is there to end it: `Connections`, and an application that is served at a port. Called by port.ts and
 * front.ts for every connection.
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
import type { Ending } from "./endings.js"
import { destroySocket } from "./socketTransport.js"

/** Who has to end a connection that has said nothing yet. */
export interface Keeper {
  readonly keep: (ending: Ending) => void
  readonly forget: (ending: Ending) => void
}

/** Reads as little as `tell` needs, puts it back, and goes on with `next`: unless a keeper has ended the connection before. `timeout` in ms. */
export const readKept = <A>(
  socket: Net.Socket,
  timeout: number,
  keeper: Keeper,
  tell: (octets: Uint8Array) => A | undefined,
  next: (first: First<A>) => void
): void => {
  const stop = readFirst(socket, timeout, tell, (first) => {
    keeper.forget(ending)
    next(first)
  })
  const ending: Ending = {
    end: () =>
      Effect.suspend(() => {
        stop()
        keeper.forget(ending)
        return destroySocket(socket)
      })
  }
  keeper.keep(ending)
}

/** What the client of `socket` speaks. */
export const sniff = (
  socket: Net.Socket,
  timeout: number,
  keeper: Keeper,
  next: (protocol: Protocol) => void
): void => {
  const agreed = agreedProtocol(socket)
  if (agreed !== undefined) return next(agreed)
  readKept(socket, timeout, keeper, protocolOf, (first) => next(readProtocol(socket, first)))
}
