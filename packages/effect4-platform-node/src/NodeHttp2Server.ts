/**
 * The `HttpServer` of Effect over our HTTP/2: what `NodeHttpServer` is over `node:http` and `node:http2`. One port speaks what each client can:
 * HTTP/2 by ALPN or by prior knowledge, or else HTTP/1.1, to the same application.
 *
 * @since 0.1.0
 */
import type { Input as HeadersInput } from "@effect-http2/effect4-http2/Headers"
import { type Http2Error, isTransportError } from "@effect-http2/effect4-http2/Http2Error"
import * as Http2Options from "@effect-http2/effect4-http2/Http2Options"
import * as Http2Origin from "@effect-http2/effect4-http2/Http2Origin"
import type { PromisedRequest } from "@effect-http2/effect4-http2/Http2Push"
import type * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import type * as Priority from "@effect-http2/effect4-http2/Priority"
import { WebSocketLimits, type WebSocketOptions } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as NodeServices from "@effect/platform-node/NodeServices"
import * as ByteSize from "effect/ByteSize"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Etag from "effect/http/Etag"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpMiddleware from "effect/http/HttpMiddleware"
import type * as HttpPlatform from "effect/http/HttpPlatform"
import * as HttpServer from "effect/http/HttpServer"
import { ClientAbort, ServeError } from "effect/http/HttpServerError"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Http from "node:http"
import * as Http1 from "./internal/http1/http1.js"
import { Port } from "./internal/port/port.js"
import * as Application from "./internal/server/application.js"
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
export type Options = Omit<NodeListener.ListenOptions, "alpnProtocols" | "requireAlpn"> &
  Omit<Http2Server.ServerOptions, "abortAnnotations" | "enableConnectProtocol" | "handlerPolicy"> & {
    /**
     * Whether clients may speak HTTP/1.1, and the options of `node:http` for them. Default: true. What the options of HTTP/2 bound holds there too:
     * `headersTimeout`, `maxHeaderListSize` (as `maxHeaderSize`) and `maxHeaderFields` (431 beyond), `idleTimeout` (as `keepAliveTimeout`), and
     * `stallTimeout` with the octets that go with it. A whole request has `requestTimeout`, 5 minutes, and the parser is the strict one.
     */
    readonly http1?: boolean | Http.ServerOptions | undefined
    /**
     * Whether a plain connection of HTTP/1.1 may go on as HTTP/2 by `Upgrade: h2c` (RFC 7540 §3.2), which RFC 9113 §3.1 has deprecated. A proxy in front has
     * to strip `Upgrade: h2c` and `HTTP2-Settings` from what it forwards: otherwise a client gets a connection past the proxy's rules. Default: false.
     */
    readonly upgradeH2c?: boolean | undefined
    /**
     * Octets of the bodies that requests are read as a whole: what `MaxBodySize` is where the application does not provide it. Does not hold for
     * `request.stream`, whose reader sees what comes. Default: no limit, as with `NodeHttpServer`.
     */
    readonly maxBodySize?: ByteSize.Input | undefined
    /**
     * Whether clients of HTTP/2 may open WebSockets (RFC 8441), which those of HTTP/1.1 may in any case, and what each WebSocket of either may hold. Default: true.
     */
    readonly webSocket?: boolean | WebSocketOptions | undefined
  }

/** Its cause is the error of Node, where there is one: `cause.code` is `EADDRINUSE`, for instance. */
const serveError = (cause: Http2Error): ServeError =>
  new ServeError({ cause: isTransportError(cause) ? (cause.cause ?? cause) : cause })

const addressOf = ({ address }: NodeListener.Listener): Effect.Effect<NetAddress.SocketAddress, ServeError> =>
  address.port === undefined
    ? Effect.succeed(NetAddress.unixPathAddress(address.host))
    : Effect.mapError(
        Effect.fromResult(NetAddress.inetAddressFromIpString(address.host, address.port)),
        (cause) => new ServeError({ cause })
      )

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
export const make = (options: Options = {}): Effect.Effect<HttpServer.HttpServer["Service"], ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* Effect.mapError(Http2Options.resolve(options), serveError)
    yield* Effect.mapError(Http2Origin.check(options), serveError)
    const { http1 = true, upgradeH2c = false, webSocket = true } = options
    const maxBodySize =
      options.maxBodySize === undefined
        ? undefined
        : yield* Effect.mapError(Effect.fromOption(ByteSize.fromInput(options.maxBodySize)), () => {
            const cause = new RangeError(`maxBodySize cannot be ${String(options.maxBodySize)}`)
            return new ServeError({ cause })
          })
    // One set of counters for all connections, and with it one bound for what they hold.
    const stats = options.stats ?? Http2Stats.make()
    // What HTTP/1.1 has in its scope is released when all connections are closed.
    const fallback = http1 === false ? undefined : yield* Http1.make(resolved, http1 === true ? {} : http1, stats)
    const port = new Port(
      {
        http2: {
          ...options,
          stats,
          abortAnnotations: ClientAbort.annotation,
          enableConnectProtocol: webSocket !== false
        },
        path: options.path,
        upgradeH2c,
        webSocketLimits: new WebSocketLimits(typeof webSocket === "object" ? webSocket : {}),
        maxBodySize,
        sniffTimeout: resolved.prefaceTimeout,
        drainTimeout: resolved.gracefulShutdownTimeout
      },
      fallback
    )
    const alpn =
      fallback === undefined
        ? { alpnProtocols: ["h2"], requireAlpn: true }
        : { alpnProtocols: ["h2", "http/1.1"], requireAlpn: false }
    const listener = yield* Effect.mapError(NodeListener.makeSockets({ ...options, ...alpn }, port.connect), serveError)
    return HttpServer.make({ address: yield* addressOf(listener), serve: port.serve })
  })

/**
 * An application as a handler for `NodeHttp2.serve` or `Http2Server.serve`. Give those `abortAnnotations: HttpServerError.ClientAbort.annotation`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHandler = <E, R>(
  httpEffect: Effect.Effect<HttpServerResponse, E, R>,
  middleware?: HttpMiddleware.HttpMiddleware
): Effect.Effect<Http2Server.Handler<never, never>, never, Exclude<R, HttpServerRequest | Scope.Scope>> =>
  Effect.map(
    Application.make(httpEffect, middleware),
    ({ handler, policy }): Http2Server.Handler<never, never> =>
      (request) =>
        Effect.updateContext(handler(request), () => policy.contextOf(request, Scope.makeUnsafe()))
  )

/**
 * The server alone.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (options: Options = {}): Layer.Layer<HttpServer.HttpServer, ServeError> =>
  Layer.effect(HttpServer.HttpServer)(make(options))

/**
 * What applications need beside the server: files, paths, ETags, the platform. Those of `NodeHttpServer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpServices: Layer.Layer<NodeServices.NodeServices | HttpPlatform.HttpPlatform | Etag.Generator> =
  NodeHttpServer.layerHttpServices

/**
 * The server, with all that applications need beside it.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
 * import * as Effect from "effect/Effect"
 * import * as HttpServer from "effect/http/HttpServer"
 * import * as HttpServerResponse from "effect/http/HttpServerResponse"
 * import * as Layer from "effect/Layer"
 *
 * const server = HttpServer.serve(Effect.succeed(HttpServerResponse.text("Hello"))).pipe(
 *   Layer.provide(NodeHttp2Server.layer({ port: 3000 }))
 * )
 */
export const layer = (
  options: Options = {}
): Layer.Layer<
  HttpServer.HttpServer | NodeServices.NodeServices | HttpPlatform.HttpPlatform | Etag.Generator,
  ServeError
> => Layer.mergeAll(layerServer(options), layerHttpServices)

/**
 * `layer` with options from configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  HttpServer.HttpServer | NodeServices.NodeServices | HttpPlatform.HttpPlatform | Etag.Generator,
  ServeError | Config.ConfigError
> =>
  Layer.mergeAll(Layer.effect(HttpServer.HttpServer)(Effect.flatMap(Config.unwrap(options), make)), layerHttpServices)

/**
 * A server at a free port, and a client that speaks HTTP/2 to it, with its URL in front of what is asked for. The client decodes what is
 * compressed, as that of `NodeHttpServer.layerTest` does.
 *
 * @since 0.1.0
 * @category testing
 */
export const layerTest: Layer.Layer<
  | HttpServer.HttpServer
  | NodeServices.NodeServices
  | HttpPlatform.HttpPlatform
  | Etag.Generator
  | HttpClient.HttpClient,
  ServeError
> = HttpServer.layerTestClient.pipe(
  Layer.provide(NodeHttp2Client.layer({ priorKnowledge: true, decompress: true })),
  Layer.provideMerge(layer())
)

/**
 * The request of HTTP/2 behind the one that an application got: its trailers, its stream with the reason of a reset and whether the
 * connection is draining, informational responses. None where the client speaks HTTP/1.1.
 *
 * @since 0.1.0
 * @category accessors
 */
export const toHttp2ServerRequest = (request: HttpServerRequest): Option.Option<Http2ServerRequest> =>
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
): Effect.Effect<Option.Option<Priority.Priority>, never, HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest, (request) =>
    isServerRequest(request) ? Effect.asSome(request.http2.setPriority(parameters)) : Effect.succeedNone
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
 */
export const push = (
  path: string,
  options: Omit<PromisedRequest, "path"> = {}
): Effect.Effect<boolean, Http2Error, HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest, (request) =>
    isServerRequest(request) && request.http2.canPush
      ? Effect.as(request.http2.push({ ...options, path }), true)
      : Effect.succeed(false)
  )

/**
 * The response with trailers behind its body: fields, or an effect that gives them once the body has left; where it fails, the stream is
 * reset. A client that speaks HTTP/1.1 gets the response without them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTrailers = (
  response: HttpServerResponse,
  trailers: HeadersInput | Effect.Effect<HeadersInput, unknown>
): HttpServerResponse => Trailers.withTrailers(response, trailers)
