/**
 * HTTP/2 over the sockets of Node: a server that listens and serves every connection, a client that connects. Plain connections speak HTTP/2
 * with prior knowledge (RFC 9113 §3.3), TLS connections agree on it by ALPN (§3.2).
 *
 * @since 0.1.0
 */
import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import * as Http2Options from "@effect-http2/effect4-http2/Http2Options"
import * as Http2Origin from "@effect-http2/effect4-http2/Http2Origin"
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import { parseOrigin } from "@effect-http2/node/client/origin"
import { Identity } from "@effect-http2/node/socket/identity"
import { notHttp2 } from "@effect-http2/node/socket/socketError"
import { WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Port } from "./internal/port/port.js"
import { http2Only } from "./internal/socket/front.js"
import { fromOpenSocket } from "./internal/socket/socketTransport.js"
import * as NodeListener from "./NodeListener.js"
import * as NodeTransport from "./NodeTransport.js"

/**
 * Where and how to listen, and the options of every connection.
 *
 * @since 0.1.0
 * @category models
 */
export type ServeOptions = NodeListener.ListenOptions & Http2Server.ServerOptions

/**
 * Listens, and answers the requests of every connection with `handler`, each in a fiber and a scope of its own. The end of the scope stops
 * listening and drains all connections: requests in flight finish up to `gracefulShutdownTimeout`. Fails with a `TransportError` where it
 * cannot listen, with a `ConnectionError` of origin `User` for an option that cannot be.
 *
 * Who comes to a plain port with HTTP/1.x is answered with 505 and a line that says what it speaks, who comes with TLS with an alert; either is logged at
 * debug level, with the address of the client.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
 * import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
 * import * as Effect from "effect/Effect"
 *
 * const server = NodeHttp2.serve((request) => Effect.succeed(Http2ServerResponse.text(`You asked for ${request.path}`)), { port: 8080 })
 */
export const serve = <E, R>(
  handler: Http2Server.Handler<E, R>,
  options: ServeOptions = {}
): Effect.Effect<
  NodeListener.Listener,
  Http2Error.TransportError | Http2Error.ConnectionError,
  Exclude<R, Scope.Scope> | Scope.Scope
> =>
  Effect.gen(function* () {
    const { prefaceTimeout } = yield* Http2Options.resolve(options)
    yield* Http2Origin.check(options)
    // One set of counters for all connections, and with it one bound for what they hold.
    const serveOn = Http2Server.serveTransport(handler, { ...options, stats: options.stats ?? Http2Stats.make() })
    const path = options.path === undefined ? undefined : { local: options.path }
    return yield* NodeListener.makeSockets(options, (socket) =>
      http2Only(
        socket,
        prefaceTimeout,
        Effect.suspend(() => serveOn(fromOpenSocket(socket, path)))
      )
    )
  })

/**
 * Listens, and gives the server that `Http2Server.serve` answers with a handler. Connections that come before it is served wait for that. When the scope of
 * `serve` ends, its connections drain: requests in flight finish up to `gracefulShutdownTimeout`. Where several handlers are served, the latest has the
 * connections, and the one before has them again when it ends. Fails as `serve` does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeServer = (
  options: ServeOptions = {}
): Effect.Effect<
  Http2Server.Http2Server["Service"],
  Http2Error.TransportError | Http2Error.ConnectionError,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const { gracefulShutdownTimeout, prefaceTimeout } = yield* Http2Options.resolve(options)
    yield* Http2Origin.check(options)
    const port = new Port(
      {
        http2: { ...options, stats: options.stats ?? Http2Stats.make() },
        path: options.path,
        upgradeH2c: false,
        webSocketLimits: new WebSocketLimits({}),
        maxBodySize: undefined,
        sniffTimeout: prefaceTimeout,
        drainTimeout: gracefulShutdownTimeout
      },
      undefined
    )
    const { address } = yield* NodeListener.makeSockets(options, port.connect)
    return Http2Server.Http2Server.of({ address, serve: port.serveHandler })
  })

/**
 * `makeServer` as a layer, with the `Http2Server` service.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
 * import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
 * import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const hello = Http2Server.serve(() => Effect.succeed(Http2ServerResponse.text("Hello"))).pipe(
 *   Layer.provide(NodeHttp2.layerServer({ port: 8080 }))
 * )
 */
export const layerServer = (
  options?: ServeOptions
): Layer.Layer<Http2Server.Http2Server, Http2Error.TransportError | Http2Error.ConnectionError> =>
  Layer.effect(Http2Server.Http2Server, makeServer(options))

/**
 * How to connect, and the options of the connection.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectOptions = Pick<NodeTransport.ConnectOptions, "connectTimeout" | "lookup"> &
  Http2Client.ClientOptions & {
    /** How to speak TLS, for `https:`. */
    readonly tls?: NodeTransport.TlsOptions | undefined
    /** A unix socket to connect to in place of the URL's host and port. */
    readonly socketPath?: string | undefined
  }

const invalidUrl = (url: string): Http2Error.TransportError =>
  new Http2Error.TransportError({
    reason: "InvalidOptions",
    description: `not an http: or https: URL: ${url}`
  })

/**
 * Connects to the origin of `url`: `https:` with ALPN, `http:` with prior knowledge; the path has no meaning. The end of the scope closes
 * the connection and fails what is still open on it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connect = (
  url: string | URL,
  options: ConnectOptions = {}
): Effect.Effect<Http2Client.Http2Client, Http2Error.Http2Error, Scope.Scope> =>
  Effect.gen(function* () {
    const origin = parseOrigin(url)
    if (origin === undefined) return yield* Effect.fail(invalidUrl(String(url)))
    const { authority, host, isTls, port } = origin
    const socket = yield* NodeTransport.openSocket({
      host,
      port,
      path: options.socketPath,
      tls: isTls ? (options.tls ?? true) : undefined,
      connectTimeout: options.connectTimeout,
      lookup: options.lookup
    })
    const path = options.socketPath === undefined ? undefined : { remote: options.socketPath }
    const transport = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fromOpenSocket(socket, path, isTls ? undefined : (first) => notHttp2(options.socketPath ?? authority, first))
      ),
      (transport) => transport.close
    )
    const { isAuthoritative } = new Identity(socket, options.tls)
    const scheme = isTls ? "https" : "http"
    return yield* Http2Client.make(transport, {
      ...options,
      authority: options.authority ?? authority,
      scheme: options.scheme ?? scheme,
      isAuthoritative: options.isAuthoritative ?? isAuthoritative
    })
  })

/**
 * `connect` as a layer, with the `Http2Client` service.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
 * import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
 * import * as Effect from "effect/Effect"
 *
 * const page = Http2Client.collect({ path: "/" }).pipe(Effect.provide(NodeHttp2.layerClient("https://example.org")))
 */
export const layerClient = (
  url: string | URL,
  options?: ConnectOptions
): Layer.Layer<Http2Client.Http2Client, Http2Error.Http2Error> =>
  Layer.effect(Http2Client.Http2Client, connect(url, options))
