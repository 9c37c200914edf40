/**
 * A plain port that speaks HTTP/2 alone: who comes with something else is told so, and the log says who came with what.
 */
import { answerTo, describeFirst, dismiss, spokenIn } from "@effect-http2/node/socket/front"
import { agreedProtocol } from "@effect-http2/node/socket/sniff"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import { type Keeper, readKept } from "./sniff.js"

/** What `http2Only` needs of the listener's connections. */
export interface Connections extends Keeper {
  readonly run: (socket: Net.Socket, effect: Effect.Effect<void>) => void
  /** Runs what logs. */
  readonly tell: (log: Effect.Effect<void>) => void
}

/** Calls `serve` where the client speaks HTTP/2, which it has to show within `timeout`, in ms. */
export const http2Only = (
  socket: Net.Socket,
  timeout: number,
  connections: Connections,
  keeper: Keeper,
  serve: () => void
): void => {
  // By ALPN.
  if (agreedProtocol(socket) !== undefined) return serve()
  readKept(socket, timeout, keeper, spokenIn, ({ is, octets }) => {
    const text = describeFirst(socket, is, octets)
    const log = text === undefined ? Effect.void : Effect.logDebug(text)
    const answer = answerTo(is, octets)
    if (answer !== undefined) {
      const last = Effect.async<void>((resume) => dismiss(socket, answer, () => resume(Effect.void)))
      return connections.run(socket, Effect.zipRight(log, last))
    }
    if (text !== undefined) connections.tell(log)
    if (is !== undefined || octets.length > 0) serve()
    else socket.destroy()
  })
}
