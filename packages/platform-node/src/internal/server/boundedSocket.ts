/**
 * WebSockets whose memory is bounded: `ws` frames messages up to a size, `Socket.fromWebSocket` of the platform runs them. What that leaves open is closed
 * here, at both its edges: it starts a fiber for each message however many run, and its writer sends however much waits. Called by webSocket.ts and
 * http1WebSocket.ts.
 */
import * as Socket from "@effect/platform/Socket"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type BoundedWebSocket, messageOverhead, WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"

/** The limits that the WebSockets of an application have. */
export class CurrentLimits extends Context.Reference<CurrentLimits>()(
  "@effect-http2/platform-node/internal/WebSocketLimits",
  { defaultValue: () => new WebSocketLimits({}) }
) {}

const sizeOf = (message: string | Uint8Array): number => message.length + messageOverhead

/** What a Socket uses of a WebSocket; the type of the web, which it asks for, has more. */
const used: ReadonlyArray<keyof globalThis.WebSocket> = [
  "addEventListener",
  "removeEventListener",
  "readyState",
  "close",
  "send"
]

const isUsable = (webSocket: object): webSocket is globalThis.WebSocket => used.every((name) => name in webSocket)

/** `Socket.fromWebSocket`, within the limits. */
export const fromWebSocket = <E extends Socket.SocketError>(
  acquire: Effect.Effect<BoundedWebSocket, E, Scope.Scope>,
  { receiveBufferSize, sendBufferSize }: WebSocketLimits
): Effect.Effect<Socket.Socket> =>
  Effect.suspend(() => {
    let current: BoundedWebSocket | undefined = undefined
    const remembering = Effect.flatMap(acquire, (webSocket) => {
      current = webSocket
      return isUsable(webSocket) ? Effect.succeed(webSocket) : Effect.dieMessage("ws has changed")
    })
    return Effect.map(Socket.fromWebSocket(remembering), (socket) => {
      const runRaw: Socket.Socket["runRaw"] = (handler, options) =>
        socket.runRaw((message) => {
          const result = handler(message)
          const webSocket = current
          if (!Effect.isEffect(result) || webSocket === undefined) return result
          const size = sizeOf(message)
          webSocket.begin(size, receiveBufferSize)
          return Effect.ensuring(
            result,
            Effect.sync(() => webSocket.end(size, receiveBufferSize))
          )
        }, options)
      const encoder = new TextEncoder()
      const turns = Effect.unsafeMakeSemaphore(1)
      const room = Effect.async<void>((resume) => {
        if (current === undefined) return resume(Effect.void)
        return Effect.sync(current.awaitRoom(sendBufferSize, () => resume(Effect.void)))
      })
      return Socket.Socket.of({
        [Socket.TypeId]: Socket.TypeId,
        runRaw,
        run: (handler, options) =>
          runRaw((message) => handler(typeof message === "string" ? encoder.encode(message) : message), options),
        // Writers wait in a line. A close does not: it may be for a peer that does not read.
        writer: Effect.map(
          socket.writer,
          (write) => (chunk) =>
            Socket.isCloseEvent(chunk) ? write(chunk) : turns.withPermits(1)(Effect.zipRight(room, write(chunk)))
        )
      })
    })
  })
