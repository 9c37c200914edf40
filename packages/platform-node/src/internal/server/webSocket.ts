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
import { parseHead, toIncomingMessage } from "@effect-http2/node/webSocket/handshake"
import type { WebSocket } from "ws"
import { CurrentLimits, fromWebSocket } from "./boundedSocket.js"
import { BoundedWebSocket, type WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import { TunnelSocket } from "../stream/tunnelSocket.js"

/** How long the client may take to answer our Close frame. */
const closeTimeout = "1 second"

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
    handshakes.handleUpgrade(
      toIncomingMessage(request.originalUrl, request.headers),
      duplex,
      Buffer.alloc(0),
      (accepted) => {
        if (accepted instanceof BoundedWebSocket) webSocket = accepted
      }
    )
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
