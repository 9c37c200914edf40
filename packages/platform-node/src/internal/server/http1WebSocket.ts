/**
 * WebSockets of HTTP/1.1 within the same limits as those of HTTP/2: `request.upgrade` of `NodeHttpServer` is replaced. Called by http1.ts.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Socket from "@effect/platform/Socket"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import { BoundedWebSocket, fromWebSocket, type WebSocketLimits } from "./boundedSocket.js"

/** What an upgrade brought besides its request. */
interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

const upgrades = new WeakMap<Http.IncomingMessage, Upgrade>()

/** For the 'upgrade' event, before who answers it. */
export const remember = (message: Http.IncomingMessage, socket: Duplex, head: Buffer): void => {
  upgrades.set(message, { socket, head })
}

const open = (
  message: Http.IncomingMessage,
  { head, socket }: Upgrade,
  limits: WebSocketLimits
): Effect.Effect<Socket.Socket> => {
  const accept = Effect.async<BoundedWebSocket>((resume) => {
    limits.handshakes.handleUpgrade(message, socket, head, (webSocket) => {
      if (webSocket instanceof BoundedWebSocket) resume(Effect.succeed(webSocket))
    })
  })
  const acquire = Effect.acquireRelease(accept, (webSocket) =>
    Effect.sync(() => {
      // The peer's answer has to be read.
      webSocket.resume()
      webSocket.close()
    })
  )
  return fromWebSocket(acquire, limits)
}

const bound = (
  request: HttpServerRequest.HttpServerRequest,
  message: Http.IncomingMessage,
  upgrade: Effect.Effect<Socket.Socket>,
  limits: WebSocketLimits
): HttpServerRequest.HttpServerRequest => {
  const { modify } = request
  return Object.defineProperties(request, {
    upgrade: { configurable: true, value: upgrade },
    modify: {
      configurable: true,
      value: (options: Parameters<typeof modify>[0]) => bound(modify.call(request, options), message, upgrade, limits)
    }
  })
}

/** `httpApp`, whose WebSockets have limits. */
export const withLimits = <E, R>(httpApp: HttpApp.Default<E, R>, limits: WebSocketLimits): HttpApp.Default<E, R> =>
  Effect.mapInputContext(httpApp, (context: Context.Context<R | HttpServerRequest.HttpServerRequest>) => {
    const request = Context.unsafeGet(context, HttpServerRequest.HttpServerRequest)
    const message = NodeHttpServerRequest.toIncomingMessage(request)
    const upgrade = upgrades.get(message)
    if (upgrade !== undefined) bound(request, message, open(message, upgrade, limits), limits)
    return context
  })
