/**
 * The limits that the WebSockets of an application have, and its sockets within them: what arrives is bounded by the platform's own Socket, what waits to be
 * sent here. Called by webSocket.ts and http1.ts.
 */
import { type BoundedWebSocket, WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Socket from "effect/socket/Socket"

export const CurrentLimits = Context.Reference<WebSocketLimits>(
  "@effect-http2/effect4-platform-node/internal/WebSocketLimits",
  { defaultValue: () => new WebSocketLimits({}) }
)

/** `Socket.fromWebSocket`, within the limits. */
export const fromWebSocket = (
  acquire: Effect.Effect<BoundedWebSocket, Socket.SocketError, Scope.Scope>,
  { receiveBufferSize, sendBufferSize }: WebSocketLimits
): Effect.Effect<Socket.Socket> =>
  Effect.suspend(() => {
    let current: BoundedWebSocket | undefined = undefined
    const remembering = Effect.tap(acquire, (webSocket) =>
      Effect.sync(() => {
        current = webSocket
      })
    )
    const turns = Semaphore.makeUnsafe(1)
    const room = Effect.callback<void>((resume) => {
      if (current === undefined) return resume(Effect.void)
      return Effect.sync(current.awaitRoom(sendBufferSize, () => resume(Effect.void)))
    })
    return Effect.map(Socket.fromWebSocket(remembering, { highWaterMark: receiveBufferSize }), (socket) =>
      Socket.make({
        reader: socket.reader,
        // Writers wait in a line. A close does not: it may be for a peer that does not read.
        writer: Effect.map(socket.writer, ({ write, writeAll }) => ({
          write: (chunk) =>
            Socket.isCloseEvent(chunk) ? write(chunk) : turns.withPermits(1)(Effect.andThen(room, write(chunk))),
          writeAll: (chunks) => turns.withPermits(1)(Effect.andThen(room, writeAll(chunks)))
        }))
      })
    )
  })
