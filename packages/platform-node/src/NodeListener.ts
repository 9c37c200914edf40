/**
 * Listening sockets of `node:net` and `node:tls`: every connection that is accepted becomes a `Transport`, and runs in a fiber and a scope
 * of its own. The server's way up from the network; `NodeHttp2` puts the protocol on it.
 *
 * @since 0.1.0
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type { Address, Transport } from "@effect-http2/http2/Transport"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Accepted from "./internal/socket/connections.js"
import { closeServer, Connections } from "./internal/socket/connections.js"
import { failure, invalidOptions } from "./internal/socket/socketError.js"
import { fromOpenSocket, silence } from "./internal/socket/socketTransport.js"
import { dismissTls } from "./internal/socket/front.js"
import * as TlsPolicy from "./internal/socket/tlsPolicy.js"

/**
 * How to accept TLS connections: a part of Node's own options. HTTP/2 needs TLS 1.2 or later, and of TLS 1.2 only the cipher suites that
 * RFC 9113 §9.2.2 allows; a connection that comes about with another is closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions extends Readonly<
  Pick<
    Tls.TlsOptions,
    | "ca"
    | "cert"
    | "ciphers"
    | "crl"
    | "dhparam"
    | "ecdhCurve"
    | "key"
    | "passphrase"
    | "pfx"
    | "rejectUnauthorized"
    | "requestCert"
    | "sessionTimeout"
    | "sigalgs"
    | "ticketKeys"
  >
> {
  /** The lowest version that is accepted. Default: TLSv1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** The highest version that is accepted. Default: TLSv1.3. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** Chooses a certificate by the name that the client asks for. What it throws, or hands back as an error, fails that handshake only. */
  readonly SNICallback?:
    ((serverName: string, callback: (error: Error | null, context?: Tls.SecureContext) => void) => void) | undefined
}

/**
 * Where to listen, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListenOptions {
  /** Default: 0, a free port that the system chooses. */
  readonly port?: number | undefined
  /** The address to listen at. Default: all of them. */
  readonly host?: string | undefined
  /** The path of a unix socket, instead of `port` and `host`. It is removed when the listener closes. */
  readonly path?: string | undefined
  /** How many connections the system holds until they are accepted. Default: 511. */
  readonly backlog?: number | undefined
  /**
   * Connections that are open at a time, at most, those in a TLS handshake among them. One more is closed at once, before anything is read from it, which
   * `connectionsRefused` counts; those that are open go on. 1 or more; Infinity for no bound. Default: 10,000.
   */
  readonly maxConnections?: number | undefined
  /** Whether the port is this process's alone where it is a worker of `node:cluster`. Default: false. */
  readonly exclusive?: boolean | undefined
  /** Whether `::` leaves IPv4 alone. Default: false. */
  readonly ipv6Only?: boolean | undefined
  /** Whether several sockets may listen at the port, among which the system shares its connections out. Node 23.1 or 22.12, on Linux. Default: false. */
  readonly reusePort?: boolean | undefined
  /** Whether everybody may read, or write to, the unix socket. Default: false. */
  readonly readableAll?: boolean | undefined
  readonly writableAll?: boolean | undefined
  /** Stops listening, once aborted: connections that are open go on. */
  readonly signal?: AbortSignal | undefined
  /** Absent: plain connections. */
  readonly tls?: TlsOptions | undefined
  /** How long a TLS handshake may take. Default: 10 seconds. */
  readonly tlsHandshakeTimeout?: Duration.DurationInput | undefined
  /** What is accepted by ALPN, the most wanted first; never "h2c" (RFC 9113 §3.2). Default: `["h2"]`. */
  readonly alpnProtocols?: ReadonlyArray<string> | undefined
  /** Whether a TLS client that does not speak ALPN is turned away. Default: true. */
  readonly requireAlpn?: boolean | undefined
}

/**
 * A listening socket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** Where it listens, with the port that the system chose. */
  readonly address: Address
}

/**
 * Connections that were closed at once since `maxConnections` were open, over all listeners of the process.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsRefused: Metric.Metric.Counter<number> = Accepted.connectionsRefused

/**
 * Listens, and runs `handle` for every connection, in a fiber and a scope of its own; when it is done, the connection is closed. A failure
 * of `handle` ends that connection only, and is logged: at debug level, or at error level where it is a defect. So is a TLS handshake that
 * fails, at debug level.
 *
 * The end of the scope stops accepting, then interrupts all connections at once and waits until each has finished.
 *
 * Fails with a `TransportError` whose reason is `Listen` (the address is in use, or not ours), or `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(
  options: ListenOptions,
  handle: (transport: Transport) => Effect.Effect<unknown, unknown, R>
): Effect.Effect<Listener, TransportError, Exclude<R, Scope.Scope> | Scope.Scope> => {
  const path = options.path === undefined ? undefined : { local: options.path }
  return makeSockets<R | Scope.Scope>(options, (socket, connections) => {
    const connection = Effect.suspend(() => {
      const transport = fromOpenSocket(socket, path)
      // The last of the scope's finalizers.
      return Effect.zipRight(
        Effect.addFinalizer(() => transport.close),
        handle(transport)
      )
    })
    connections.run(socket, connection)
  })
}

/**
 * `make` for who takes the sockets as they are: `NodeHttp2Server`, which has to see what a connection speaks.
 *
 * @internal
 */
export const makeSockets = <R>(
  options: ListenOptions,
  take: (socket: Net.Socket, connections: Connections<R>) => void
): Effect.Effect<Listener, TransportError, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.flatMap(InterruptibleRuntime.capture<Exclude<R, Scope.Scope>>(), (runtime) =>
    Effect.uninterruptibleMask((restore) => {
      const where = describe(options)
      const connections = new Connections(runtime, take)
      return Effect.flatMap(open(options, where, connections), (server) =>
        restore(listen(server, options, where)).pipe(
          Effect.onError(() => closeServer(server)),
          Effect.tap(() => {
            server.on("error", connections.onServerError)
            return Effect.addFinalizer(() => connections.shutdown(server))
          }),
          Effect.map((): Listener => ({ address: addressOf(server) }))
        )
      )
    })
  )

const describe = (options: ListenOptions): string => options.path ?? `${options.host ?? "*"}:${options.port ?? 0}`

const open = <R>(
  options: ListenOptions,
  where: string,
  connections: Connections<R>
): Effect.Effect<Net.Server, TransportError> =>
  Effect.try({
    try: () => {
      const maxConnections = options.maxConnections ?? 10_000
      if (!(maxConnections >= 1)) throw new RangeError(`maxConnections has to be 1 or more, and is ${maxConnections}`)
      const server = options.tls === undefined ? plain(connections) : secure(options, options.tls, where, connections)
      // Node closes what is accepted beyond it before there is a socket.
      server.maxConnections = maxConnections
      server.on("drop", connections.onRefused)
      silence(server)
      return server
    },
    catch: (error) => invalidOptions(where, error)
  })

const plain = <R>(connections: Connections<R>): Net.Server =>
  Net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.onConnection(socket)
    connections.start(socket)
  })

const secure = <R>(options: ListenOptions, tls: TlsOptions, where: string, connections: Connections<R>): Net.Server => {
  const alpnProtocols = options.alpnProtocols ?? ["h2"]
  TlsPolicy.checkProtocols(alpnProtocols)
  const { SNICallback, ...custom } = tls
  const server = Tls.createServer({
    ...custom,
    ...(SNICallback === undefined ? {} : { SNICallback: guarded(SNICallback) }),
    ciphers: tls.ciphers ?? TlsPolicy.CIPHERS,
    minVersion: tls.minVersion ?? TlsPolicy.MIN_VERSION,
    maxVersion: tls.maxVersion ?? "TLSv1.3",
    secureOptions: TlsPolicy.SERVER_SECURE_OPTIONS,
    honorCipherOrder: true,
    ALPNProtocols: [...alpnProtocols],
    handshakeTimeout: handshakeMillis(options),
    allowHalfOpen: true,
    noDelay: true
  })
  server.on("connection", connections.onConnection)
  server.on("secureConnection", (socket) => {
    const refusal = TlsPolicy.refuse(socket, where, alpnProtocols, options.requireAlpn ?? true)
    TlsPolicy.endAtRenegotiation(socket)
    if (refusal === undefined) return connections.start(socket)
    silence(socket)
    // The client finds an orderly end, not a reset; one that has no ALPN speaks HTTP/1.x.
    if (refusal.transportReason === "Alpn" && alpnProtocols.includes("h2")) dismissTls(socket)
    else socket.destroySoon()
    connections.log(`a TLS connection was refused (${socket.remoteAddress}:${socket.remotePort})`, refusal)
  })
  server.on("tlsClientError", (error, socket) => {
    silence(socket)
    socket.destroy()
    connections.log("a TLS handshake failed", error)
  })
  return server
}

/** CVE-2026-21637: what this callback throws would escape from the handshake and end the process. */
const guarded =
  (callback: NonNullable<TlsOptions["SNICallback"]>): NonNullable<Tls.TlsOptions["SNICallback"]> =>
  (serverName, done) => {
    let answered = false
    const once: typeof done = (error, context) => {
      if (answered) return
      answered = true
      done(error, context)
    }
    try {
      callback(serverName, once)
    } catch (error) {
      once(error instanceof Error ? error : new Error(String(error)))
    }
  }

/** Node's timers count milliseconds in 31 bits. */
const handshakeMillis = (options: ListenOptions): number =>
  Math.min(Duration.toMillis(options.tlsHandshakeTimeout ?? "10 seconds"), 0x7fffffff)

const listen = (server: Net.Server, options: ListenOptions, where: string): Effect.Effect<void, TransportError> =>
  Effect.async((resume) => {
    const stop = (): void => {
      server.off("listening", onListening)
      server.off("close", onClose)
      server.off("error", onError)
    }
    const onListening = (): void => {
      stop()
      resume(Effect.void)
    }
    const onError = (error: Error): void => {
      stop()
      resume(Effect.fail(failure("Listen", `${where}: ${error.message}`, error)))
    }
    const onClose = (): void => {
      stop()
      resume(Effect.fail(failure("Listen", `${where}: aborted by its signal`, options.signal?.reason)))
    }
    server.on("listening", onListening)
    server.on("close", onClose)
    server.on("error", onError)
    try {
      server.listen({
        ...(options.path === undefined ? { port: options.port ?? 0, host: options.host } : { path: options.path }),
        backlog: options.backlog,
        exclusive: options.exclusive,
        ipv6Only: options.ipv6Only,
        readableAll: options.readableAll,
        writableAll: options.writableAll,
        signal: options.signal,
        ...reusePort(options)
      })
    } catch (error) {
      stop()
      resume(Effect.fail(invalidOptions(where, error)))
    }
    return Effect.sync(stop)
  })

/** Types of Node 20 do not have it. */
const reusePort = ({ reusePort }: ListenOptions): object => (reusePort === undefined ? {} : { reusePort })

const addressOf = (server: Net.Server): Address => {
  const address = server.address()
  return address === null || typeof address === "string"
    ? { host: address ?? "", port: undefined }
    : { host: address.address, port: address.port }
}
