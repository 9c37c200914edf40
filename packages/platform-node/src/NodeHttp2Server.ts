/**
 * The `HttpServer` of `@effect/platform` over our HTTP/2: what `NodeHttpServer` is over `node:http`. One port speaks what each client can:
 * HTTP/2 by ALPN or by prior knowledge, or else HTTP/1.1, to the same application.
 *
 * @since 0.1.0
 */
import type { Input as HeadersInput } from "@effect-http2/http2/Headers"
import { type Http2Error, isTransportError } from "@effect-http2/http2/Http2Error"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import type { PromisedRequest } from "@effect-http2/http2/Http2Push"
import * as Http2Origin from "@effect-http2/http2/Http2Origin"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import type * as Priority from "@effect-http2/http2/Priority"
import * as Etag from "@effect/platform/Etag"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import type * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Http from "node:http"
import * as Application from "./internal/server/application.js"
import { WebSocketLimits, type WebSocketOptions } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as Http1 from "./internal/http1/http1.js"
import * as LazyPlatform from "./internal/server/lazyPlatform.js"
import { Port } from "./internal/port/port.js"
import { isServerRequest } from "./internal/server/serverRequest.js"
import * as Trailers from "./internal/server/trailers.js"
import * as NodeHttp2Client from "./NodeHttp2Client.js"
import * as NodeListener from "./NodeListener.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  WebSocketOptions
} from "@effect-http2/node/webSocket/boundedWebSocket"

/**
 * Where to listen, how to speak TLS, what to speak beside HTTP/2, and the settings and limits of the connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends
    Omit<NodeListener.ListenOptions, "alpnProtocols" | "requireAlpn">,
    Omit<Http2Server.ServerOptions, "abortFiberId" | "enableConnectProtocol"> {
  /**
   * Whether clients may speak HTTP/1.1, and the options of `node:http` for them. Default: true. What the options of HTTP/2 bound holds there too:
   * `headersTimeout`, `maxHeaderListSize` (as `maxHeaderSize`) and `maxHeaderFields` (431 beyond), `idleTimeout` (as `keepAliveTimeout`). A whole request has
   * `requestTimeout`, 5 minutes, and the parser is the strict one.
   */
  readonly http1?: boolean | Http.ServerOptions | undefined
  /**
   * Whether a plain connection of HTTP/1.1 may go on as HTTP/2 by `Upgrade: h2c` (RFC 7540 §3.2), which RFC 9113 §3.1 has deprecated. A proxy in front has
   * to strip `Upgrade: h2c` and `HTTP2-Settings` from what it forwards: otherwise a client gets a connection past the proxy's rules. Default: false.
   */
  readonly upgradeH2c?: boolean | undefined
  /**
   * Octets of the bodies that requests are read as a whole, and of multipart forms: what `MaxBodySize` is where the application does not provide it. Does
   * not hold for `request.stream`, whose reader sees what comes. Default: no limit, as with `NodeHttpServer`.
   */
  readonly maxBodySize?: FileSystem.SizeInput | undefined
  /**
   * Whether clients of HTTP/2 may open WebSockets (RFC 8441), which those of HTTP/1.1 may in any case, and what each WebSocket of either may hold. Default: true.
   */
  readonly webSocket?: boolean | WebSocketOptions | undefined
}

/** Its cause is the error of Node, where there is one: `cause.code` is `EADDRINUSE`, for instance. */
const serveError = (cause: Http2Error): HttpServerError.ServeError =>
  new HttpServerError.ServeError({ cause: isTransportError(cause) ? (cause.cause ?? cause) : cause })

const addressOf = ({ address }: NodeListener.Listener): HttpServer.Address =>
  address.port === undefined
    ? { _tag: "UnixAddress", path: address.host }
    : { _tag: "TcpAddress", hostname: address.host === "::" ? "0.0.0.0" : address.host, port: address.port }

/**
 * Listens, and gives the server that applications are served by. Connections that come before an application is served wait for it. When the
 * scope of `serve` ends, its connections drain: GOAWAY in two steps, requests in flight finish within `gracefulShutdownTimeout`, the rest is interrupted.
 *
 * Fails with a `ServeError` whose cause is the error of Node where it cannot listen, with its `code` (`EADDRINUSE`); a `ConnectionError` for an option that
 * cannot be. Where several applications are served, the latest has the connections, and the one before has them again when it ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<HttpServer.HttpServer, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* Effect.mapError(Http2Options.resolve(options), serveError)
    yield* Effect.mapError(Http2Origin.check(options), serveError)
    const { http1 = true, upgradeH2c = false, webSocket = true } = options
    const webSocketLimits = new WebSocketLimits(typeof webSocket === "object" ? webSocket : {})
    // What HTTP/1.1 adds to its scope, at its first WebSocket for instance, is released when all connections are closed.
    const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
    // One set of counters for all connections, and with it one bound for what they hold.
    const stats = options.stats ?? Http2Stats.make()
    const fallback =
      http1 === false ? undefined : yield* Scope.extend(Http1.make(resolved, http1 === true ? {} : http1, stats), scope)
    const port = new Port(
      {
        http2: {
          ...options,
          stats,
          abortFiberId: HttpServerError.clientAbortFiberId,
          enableConnectProtocol: webSocket !== false
        },
        path: options.path,
        upgradeH2c,
        webSocketLimits,
        maxBodySize: options.maxBodySize,
        sniffTimeout: resolved.prefaceTimeout,
        drainTimeout: resolved.gracefulShutdownTimeout
      },
      fallback
    )
    const alpn =
      fallback === undefined
        ? { alpnProtocols: ["h2"], requireAlpn: true }
        : { alpnProtocols: ["h2", "http/1.1"], requireAlpn: false }
    const listener = yield* Effect.mapError(
      NodeListener.makeSockets<never>({ ...options, ...alpn }, port.connect),
      serveError
    )
    return HttpServer.make({ address: addressOf(listener), serve: port.serve })
  })

/**
 * A platform application as a handler for `NodeHttp2.serve` or `Http2Server.serveTransport`. Give those `abortFiberId: HttpServerError.clientAbortFiberId`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHandler: {
  <E, R>(
    httpApp: HttpApp.Default<E, R>
  ): Effect.Effect<
    Http2Server.Handler<never, Scope.Scope>,
    never,
    Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>
  >
  <E, R, App extends HttpApp.Default<unknown, unknown>>(
    httpApp: HttpApp.Default<E, R>,
    middleware: HttpMiddleware.HttpMiddleware.Applied<App, E, R>
  ): Effect.Effect<
    Http2Server.Handler<never, Scope.Scope>,
    never,
    Exclude<Effect.Effect.Context<App>, HttpServerRequest.HttpServerRequest | Scope.Scope>
  >
} = Application.makeHandler

/**
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (options: Options = {}): Layer.Layer<HttpServer.HttpServer, HttpServerError.ServeError> =>
  Layer.scoped(HttpServer.HttpServer, make(options))

/**
 * What applications need beside the server: files, paths, ETags, the platform. The same as `NodeHttpServer.layerContext`, but that the file of a response is
 * opened when its body is read: one that is not sent after all holds nothing open.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerContext: Layer.Layer<HttpPlatform.HttpPlatform | Etag.Generator | NodeContext.NodeContext> =
  Layer.mergeAll(LazyPlatform.layer, Etag.layerWeak, NodeContext.layer)

/**
 * The server, with all that applications need beside it.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
 * import * as HttpServer from "@effect/platform/HttpServer"
 * import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
 * import * as Layer from "effect/Layer"
 *
 * const server = HttpServer.serve(HttpServerResponse.text("Hello")).pipe(
 *   Layer.provide(NodeHttp2Server.layer({ port: 3000 }))
 * )
 */
export const layer = (
  options: Options = {}
): Layer.Layer<
  HttpServer.HttpServer | HttpPlatform.HttpPlatform | Etag.Generator | NodeContext.NodeContext,
  HttpServerError.ServeError
> => Layer.mergeAll(layerServer(options), layerContext)

/**
 * `layer` with options from configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<
  HttpServer.HttpServer | HttpPlatform.HttpPlatform | Etag.Generator | NodeContext.NodeContext,
  ConfigError.ConfigError | HttpServerError.ServeError
> => Layer.mergeAll(Layer.scoped(HttpServer.HttpServer, Effect.flatMap(Config.unwrap(options), make)), layerContext)

/**
 * A server at a free port, and a client that speaks HTTP/2 to it, with its URL in front of what is asked for.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest: Layer.Layer<
  HttpClient.HttpClient | HttpServer.HttpServer | HttpPlatform.HttpPlatform | Etag.Generator | NodeContext.NodeContext,
  HttpServerError.ServeError
> = HttpServer.layerTestClient.pipe(
  Layer.provide(NodeHttp2Client.layer({ priorKnowledge: true })),
  Layer.provideMerge(layer())
)

/**
 * The request of HTTP/2 behind the one that a platform application got: its trailers, its stream with the reason of a reset and whether the
 * connection is draining, informational responses. None where the client speaks HTTP/1.1.
 *
 * @since 0.1.0
 * @category accessors
 */
export const toHttp2ServerRequest = (
  request: HttpServerRequest.HttpServerRequest
): Option.Option<Http2ServerRequest.Http2ServerRequest> =>
  isServerRequest(request) ? Option.some(request.http2) : Option.none()

/**
 * Says how urgent the response to the request at hand is (RFC 9218), from now on, also while its body is sent: what `parameters` has holds, whatever the client
 * says of it, the rest is as the client says. Gives what holds then; none where the client speaks HTTP/1.1, whose connections carry one response at
 * a time, and nothing changes. What the client says is honoured without this.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setPriority = (
  parameters: Priority.Parameters
): Effect.Effect<Option.Option<Priority.Priority>, never, HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.transposeOption(Option.map(toHttp2ServerRequest(request), (source) => source.setPriority(parameters)))
  )

/**
 * Promises the client the response to another request (RFC 9113 §8.4), which the application answers as if the client had sent it, along with the request
 * that is being answered. `path` is the whole path with its query, wherever the router is mounted. Push before what refers to it is sent.
 *
 * Succeeds with true where it was promised, with false, and nothing happens, where the client does not take it: one that speaks HTTP/1.1 or has turned pushes
 * off, has as many on their way as it wants, or is going. Fails with a `StreamError` of origin `User` for what cannot be promised: another method than
 * GET and HEAD, content, fields that HTTP/2 does not have, an origin that `mayPush` does not allow.
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
 * import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
 * import * as Effect from "effect/Effect"
 *
 * const page = Effect.zipRight(
 *   NodeHttp2Server.push("/style.css"),
 *   HttpServerResponse.html('<link rel="stylesheet" href="/style.css">')
 * )
 */
export const push = (
  path: string,
  options: Omit<PromisedRequest, "path"> = {}
): Effect.Effect<boolean, Http2Error, HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const source = isServerRequest(request) ? request.http2 : undefined
    return source?.canPush === true ? Effect.as(source.push({ ...options, path }), true) : Effect.succeed(false)
  })

/**
 * The response with trailers behind its body: fields, or an effect that gives them once the body has left; where it fails, the stream is
 * reset. A client that speaks HTTP/1.1 gets the response without them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTrailers = (
  response: HttpServerResponse.HttpServerResponse,
  trailers: HeadersInput | Effect.Effect<HeadersInput, unknown>
): HttpServerResponse.HttpServerResponse => Trailers.withTrailers(response, trailers)
