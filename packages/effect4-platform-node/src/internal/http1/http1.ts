/**
 * The HTTP/1.1 side of a port: the handlers of `NodeHttpServer`, at a server of `node:http` that does not listen but is handed the sockets that speak HTTP/1.1, each
 * with the application that answers it. Made by `NodeHttp2Server.make`; port.ts hands it the sockets.
 */
import type { Http2Stats } from "@effect-http2/effect4-http2/Http2Stats"
import { Http1Server, type Http1Handler, type Limits } from "@effect-http2/node/http1/http1Server"
import type { StallPorts } from "@effect-http2/node/http1/slowReaders"
import type { WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpMiddleware from "effect/http/HttpMiddleware"
import { ServeError } from "effect/http/HttpServerError"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Net from "node:net"
import type { WebSocket, WebSocketServer } from "ws"
import { toHttp1Response } from "../server/serverResponse.js"

/** For as long as the server is there: clients that do not read what they are sent. */
const watchSlowReaders = ({ slowReaders }: Http1Server): Effect.Effect<void, never, Scope.Scope> =>
  Effect.sync(() => slowReaders.look()).pipe(
    Effect.delay(slowReaders.period),
    Effect.forever,
    Effect.forkScoped,
    Effect.asVoid
  )

/** Fails with what Node says of the options. `stats` are those of the connections of HTTP/2 of the same port. */
export const make = (
  limits: Limits,
  options: Http.ServerOptions,
  stats: Http2Stats
): Effect.Effect<Http1Server, ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const runFork = Effect.runForkWith(yield* Effect.context())
    const clock = yield* Clock.Clock
    const ports: StallPorts = {
      stats,
      now: () => clock.currentTimeMillisUnsafe(),
      onGivenUp: ({ remoteAddress }, limit) => {
        const said = `a connection of HTTP/1.1 was closed, whose client does not read (${limit})`
        runFork(Effect.logDebug(said, { remoteAddress }))
      }
    }
    const server = yield* Effect.acquireRelease(
      Effect.try({
        try: () => new Http1Server(limits, options, ports, true),
        catch: (cause) => new ServeError({ cause })
      }),
      (server) => Effect.sync(() => server.close())
    )
    yield* watchSlowReaders(server)
    return server
  })

/** 100 Continue goes out when the body is first read (RFC 9110 §10.1.1), and not before: a response may say that nobody wants it. */
const continueWhenRead = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
  const read = request._read.bind(request)
  request._read = (size) => {
    request._read = read
    if (!response.headersSent) response.writeContinue()
    read(size)
  }
}

/** What a client has sent, for a log. */
const shortened = (text: string): string => (text.length > 256 ? `${text.slice(0, 256)}...` : text)

const logAbandoned = ({ method, url }: HttpServerRequest): Effect.Effect<void> =>
  Effect.logWarning(`The handler of ${shortened(method)} ${shortened(url)} did not end in time, and is abandoned`)

/** An application at `node:http`'s server. */
export class Http1Application implements Http1Handler {
  private readonly running = new Set<HttpServerRequest>()
  private readonly webSockets = new Set<WebSocket>()
  private handlers: Http1Handler | undefined = undefined

  private constructor(private readonly scope: Scope.Closeable) {}

  /** With all that it needs but the request. */
  static make<E, R>(
    httpEffect: Effect.Effect<HttpServerResponse, E, R>,
    middleware: HttpMiddleware.HttpMiddleware | undefined,
    limits: WebSocketLimits
  ): Effect.Effect<Http1Application, never, Exclude<R, HttpServerRequest | Scope.Scope>> {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- The middleware's services are `any` in its own type.
    return Effect.gen(function* () {
      const scope = Scope.makeUnsafe("parallel")
      const application = new Http1Application(scope)
      const effect = application.tracked(Effect.map(httpEffect, toHttp1Response))
      const options =
        middleware === undefined ? { scope } : { scope, middleware: (app: typeof effect) => middleware(app) }
      const webSocketServer = Effect.succeed(application.tracking(limits.handshakes))
      application.handlers = {
        onRequest: yield* NodeHttpServer.makeHandler(effect, options),
        onUpgrade: yield* NodeHttpServer.makeUpgradeHandler(webSocketServer, effect, options)
      }
      return application
    })
  }

  /** Knows which requests are answered. */
  private tracked<E, R>(
    effect: Effect.Effect<HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse, E, R | HttpServerRequest> {
    const { running } = this
    return Effect.flatMap(HttpServerRequest, (request) => {
      running.add(request)
      return Effect.onExit(effect, () => Effect.sync(() => void running.delete(request)))
    })
  }

  /** Knows which WebSockets are open. */
  private tracking(handshakes: WebSocketServer): WebSocketServer {
    const { webSockets } = this
    const handleUpgrade: WebSocketServer["handleUpgrade"] = (request, socket, head, onAccepted) =>
      handshakes.handleUpgrade(request, socket, head, (webSocket, message) => {
        webSockets.add(webSocket)
        webSocket.once("close", () => webSockets.delete(webSocket))
        onAccepted(webSocket, message)
      })
    return Object.create(handshakes, { handleUpgrade: { value: handleUpgrade } }) as WebSocketServer
  }

  readonly onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    if (/^100-continue$/i.test(request.headers.expect ?? "")) continueWhenRead(request, response)
    this.handlers?.onRequest(request, response)
  }

  readonly onUpgrade = (request: Http.IncomingMessage, socket: Net.Socket, head: Buffer): void =>
    this.handlers?.onUpgrade(request, socket, head)

  /** A port that closes takes its WebSockets along: 1001, going away (RFC 6455 §7.4.1). */
  readonly sayGoodbye: Effect.Effect<void> = Effect.sync(() => {
    for (const webSocket of this.webSockets) webSocket.close(1001, "the server shuts down")
  })

  /** Interrupts the handlers that run, and waits for them, up to `timeout` in ms. Those that run on then are named in the log, and abandoned. */
  end(timeout: number): Effect.Effect<void> {
    const abandoned = Effect.suspend(() => Effect.forEach(this.running, logAbandoned, { discard: true }))
    return Effect.andThen(awaitUpTo(Scope.close(this.scope, Exit.void), timeout), abandoned)
  }
}

/** Waits for `effect` no longer than `timeout`, in ms. The wait is given up, and not what is waited for, which may be uninterruptible. */
const awaitUpTo = (effect: Effect.Effect<void>, timeout: number): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(effect), (fiber) =>
    Effect.asVoid(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), timeout))
  )
