/**
 * WebSockets of HTTP/1.1, within the same limits as those of HTTP/2: what `request.upgrade` is. Called by http1Application.ts.
 */
import * as Socket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import { fromWebSocket } from "../server/boundedSocket.js"
import { BoundedWebSocket, type WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import { markUpgraded } from "./http1Request.js"

/** `ws` answers what is no handshake itself, and does not say so. */
const accept = (
  message: Http.IncomingMessage,
  socket: Duplex,
  head: Buffer,
  limits: WebSocketLimits
): Effect.Effect<BoundedWebSocket, Socket.SocketGenericError> =>
  Effect.suspend(() => {
    const accepted: Array<BoundedWebSocket> = []
    markUpgraded(message)
    limits.handshakes.handleUpgrade(message, socket, head, (webSocket) => {
      if (webSocket instanceof BoundedWebSocket) accepted.push(webSocket)
    })
    const [webSocket] = accepted
    return webSocket === undefined
      ? Effect.fail(
          new Socket.SocketGenericError({ reason: "Open", cause: new Error("the WebSocket handshake failed") })
        )
      : Effect.succeed(webSocket)
  })

export const upgrade = (
  message: Http.IncomingMessage,
  socket: Duplex,
  head: Buffer,
  limits: WebSocketLimits
): Effect.Effect<Socket.Socket> =>
  fromWebSocket(
    Effect.acquireRelease(accept(message, socket, head, limits), (webSocket) =>
      Effect.sync(() => {
        // The peer's answer has to be read.
        webSocket.resume()
        webSocket.close()
      })
    ),
    limits
  )
