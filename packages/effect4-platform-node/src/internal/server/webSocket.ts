/**
 * WebSockets over HTTP/2 (RFC 8441): an extended CONNECT as the same `Socket` that an upgrade over HTTP/1.1 gives. `ws` does the framing
 * and negotiates subprotocols, as it does for `NodeHttpServer`; its head of HTTP/1.1 becomes ours. Called by serverRequest.ts.
 */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
import { BoundedWebSocket, type WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import { parseHead, toIncomingMessage } from "@effect-http2/node/webSocket/handshake"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Headers } from "effect/http/Headers"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import { TunnelSocket } from "../stream/tunnelSocket.js"
import { CurrentLimits, fromWebSocket } from "./webSocketLimits.js"

/** How long the client may take to answer our Close frame. */
const closeTimeout = "1 second"

const openError = (cause: unknown): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketOpenError({ kind: "Unknown", cause }) })

/** What a request for a WebSocket is made of. */
export interface Upgrading {
  readonly http2: Http2ServerRequest
  readonly target: string
  readonly headers: Headers
  /** The client has its answer: no response of HTTP can follow. */
  readonly onUpgraded: () => void
}

const open = (
  { headers, http2, onUpgraded, target }: Upgrading,
  { handshakes }: WebSocketLimits
): Effect.Effect<BoundedWebSocket, Socket.SocketError> =>
  Effect.gen(function* () {
    const runFork = Effect.runForkWith(yield* Effect.context())
    const duplex = new TunnelSocket(runFork, () => void runFork(http2.stream.reset()))
    let webSocket: BoundedWebSocket | undefined
    handshakes.handleUpgrade(toIncomingMessage(target, headers), duplex, Buffer.alloc(0), (accepted) => {
      if (accepted instanceof BoundedWebSocket) webSocket = accepted
    })
    const answer = parseHead(duplex.head)
    if (webSocket === undefined) {
      yield* Effect.ignore(http2.respond(Http2ServerResponse.empty(answer)))
      return yield* Effect.fail(openError(new Error(`the WebSocket handshake failed with ${answer.status}`)))
    }
    const opened = webSocket
    const tunnel = yield* http2.tunnel({ headers: answer.headers }).pipe(
      Effect.mapError(openError),
      Effect.tapError(() => Effect.sync(() => opened.terminate()))
    )
    onUpgraded()
    duplex.open(tunnel)
    return opened
  })

const codeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 1000 : Cause.hasInterruptsOnly(exit.cause) ? 1001 : 1011

/** The closing handshake; a client that does not answer is cut off. */
const close = (webSocket: BoundedWebSocket, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (webSocket.readyState === webSocket.CLOSED) return resume(Effect.void)
    webSocket.once("close", () => resume(Effect.void))
    // The peer's answer has to be read.
    webSocket.resume()
    webSocket.close(codeOf(exit))
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(closeTimeout),
    Effect.andThen(Effect.sync(() => webSocket.terminate()))
  )

/** A connection that closes gracefully takes its WebSockets along: 1001, going away (RFC 6455 §7.4.1). */
const sayGoodbye = (webSocket: BoundedWebSocket, { stream }: Http2ServerRequest): Effect.Effect<void> =>
  Effect.andThen(
    stream.awaitDraining,
    Effect.sync(() => webSocket.close(1001, "the server shuts down"))
  )

const acquire = (
  upgrading: Upgrading,
  limits: WebSocketLimits
): Effect.Effect<BoundedWebSocket, Socket.SocketError, Scope.Scope> =>
  Effect.tap(Effect.acquireRelease(open(upgrading, limits), close), (webSocket) =>
    Effect.forkScoped(sayGoodbye(webSocket, upgrading.http2))
  )

/** What `request.upgrade` is. The handshake happens when the socket is read, as it does over HTTP/1.1. */
export const upgrade = (upgrading: Upgrading): Effect.Effect<Socket.Socket> =>
  Effect.flatMap(CurrentLimits, (limits) => fromWebSocket(acquire(upgrading, limits), limits))
