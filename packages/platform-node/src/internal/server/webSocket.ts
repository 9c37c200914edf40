/**
 * WebSockets over HTTP/2 (RFC 8441): an extended CONNECT as the same `Socket` that an upgrade over HTTP/1.1 gives. `ws` does the framing
 * and negotiates subprotocols, as it does for `NodeHttpServer`; its head of HTTP/1.1 becomes ours. Called by serverRequest.ts.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Socket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { IncomingMessage } from "node:http"
import * as Net from "node:net"
import type { WebSocket } from "ws"
import { BoundedWebSocket, CurrentLimits, fromWebSocket, type WebSocketLimits } from "./boundedSocket.js"
import { TunnelSocket } from "../stream/tunnelSocket.js"

/** How long the client may take to answer our Close frame. */
const closeTimeout = "1 second"

/** The request as `ws` would have got it; RFC 8441 has no Sec-WebSocket-Key. */
const toIncomingMessage = (request: HttpServerRequest.HttpServerRequest): IncomingMessage => {
  const message = new IncomingMessage(new Net.Socket())
  message.method = "GET"
  message.url = request.originalUrl
  message.headers = { ...request.headers, "sec-websocket-key": randomBytes(16).toString("base64") }
  return message
}

/** The status of a head of HTTP/1.1, and those of its fields that negotiate. */
const parseHead = (head: string): { readonly status: number; readonly headers: Record<string, string> } => {
  const [statusLine = "", ...lines] = (head.split("\r\n\r\n", 1)[0] ?? "").split("\r\n")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, colon).toLowerCase()
    if (name.startsWith("sec-websocket-") && name !== "sec-websocket-accept")
      headers[name] = line.slice(colon + 1).trim()
  }
  return { status: Number(statusLine.split(" ")[1]), headers }
}

const openError = (cause: unknown): Socket.SocketGenericError =>
  new Socket.SocketGenericError({ reason: "Open", cause })

const open = (
  request: HttpServerRequest.HttpServerRequest,
  source: Http2ServerRequest.Http2ServerRequest,
  { handshakes }: WebSocketLimits
): Effect.Effect<BoundedWebSocket, Socket.SocketGenericError> =>
  Effect.flatMap(InterruptibleRuntime.capture(), (runtime) => {
    const runFork = Runtime.runFork(runtime)
    const duplex = new TunnelSocket(runFork, () => runFork(source.stream.reset()))
    let webSocket: BoundedWebSocket | undefined
    handshakes.handleUpgrade(toIncomingMessage(request), duplex, Buffer.alloc(0), (accepted) => {
      if (accepted instanceof BoundedWebSocket) webSocket = accepted
    })
    const { headers, status } = parseHead(duplex.head)
    if (webSocket === undefined) {
      return Effect.zipRight(
        Effect.ignore(source.respond(Http2ServerResponse.empty({ status, headers }))),
        Effect.fail(openError(new Error(`the WebSocket handshake failed with ${status}`)))
      )
    }
    const opened = webSocket
    return source.tunnel({ headers }).pipe(
      Effect.mapBoth({
        onFailure: openError,
        onSuccess: (tunnel) => {
          duplex.open(tunnel)
          return opened
        }
      }),
      Effect.tapError(() => Effect.sync(() => opened.terminate()))
    )
  })

/** The closing handshake; a client that does not answer is cut off. */
const close = (webSocket: WebSocket): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (webSocket.readyState === webSocket.CLOSED) return resume(Effect.void)
    webSocket.once("close", () => resume(Effect.void))
    // The peer's answer has to be read.
    webSocket.resume()
    webSocket.close()
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(closeTimeout),
    Effect.zipRight(Effect.sync(() => webSocket.terminate()))
  )

/** A connection that closes gracefully takes its WebSockets along: 1001, going away (RFC 6455 §7.4.1). */
const sayGoodbye = (webSocket: WebSocket, source: Http2ServerRequest.Http2ServerRequest): Effect.Effect<void> =>
  Effect.zipRight(
    source.stream.awaitDraining,
    Effect.sync(() => webSocket.close(1001, "the server shuts down"))
  )

const acquire = (
  request: HttpServerRequest.HttpServerRequest,
  source: Http2ServerRequest.Http2ServerRequest,
  limits: WebSocketLimits
): Effect.Effect<BoundedWebSocket, Socket.SocketGenericError, Scope.Scope> =>
  Effect.tap(Effect.acquireRelease(open(request, source, limits), close), (webSocket) =>
    Effect.forkScoped(sayGoodbye(webSocket, source))
  )

/** What `request.upgrade` is. The handshake happens when the socket is run, as it does over HTTP/1.1. */
export const upgrade = (
  request: HttpServerRequest.HttpServerRequest,
  source: Http2ServerRequest.Http2ServerRequest
): Effect.Effect<Socket.Socket, HttpServerError.RequestError> =>
  Effect.flatMap(CurrentLimits, (limits) => fromWebSocket(acquire(request, source, limits), limits))
