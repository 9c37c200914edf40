/**
 * Connections of `node:net` and `node:tls` as a `Transport`: dialled here, or taken over when they are open already. The client's way
 * down to the network; servers get theirs from `NodeListener`.
 *
 * @since 0.1.0
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import { failure, fromConnectError, invalidOptions, notHttp2 } from "./internal/socket/socketError.js"
import { adoptSocket, destroySocket, fromOpenSocket } from "./internal/socket/socketTransport.js"
import * as TlsPolicy from "./internal/socket/tlsPolicy.js"

/**
 * How to make a TLS connection: a part of Node's own options. HTTP/2 needs TLS 1.2 or later, and of TLS 1.2 only the cipher suites that
 * RFC 9113 §9.2.2 allows; others in `ciphers` are refused after the handshake.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions extends Readonly<
  Pick<
    Tls.ConnectionOptions,
    | "ca"
    | "cert"
    | "checkServerIdentity"
    | "ciphers"
    | "crl"
    | "ecdhCurve"
    | "key"
    | "passphrase"
    | "pfx"
    | "rejectUnauthorized"
    | "servername"
    | "session"
    | "sigalgs"
  >
> {
  /** The lowest version that is accepted. Default: TLSv1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** The highest version that is accepted. Default: TLSv1.3. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined
}

/**
 * Where to connect to, and how. Either `port` or `path` is needed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectOptions {
  /** A name or an IP address. Default: `localhost`. Of several addresses, the first to answer is taken (Happy Eyeballs). */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** The path of a unix socket, instead of `host` and `port`. */
  readonly path?: string | undefined
  /** Absent: a plain connection. `true`: TLS as it comes. The server's name is `host`, unless that is an IP address. */
  readonly tls?: TlsOptions | true | undefined
  /** How long TCP and TLS together may take. Default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** Finds the addresses of `host`. Default: `dns.lookup`. */
  readonly lookup?: Net.LookupFunction | undefined
  /** What is offered by ALPN, never "h2c" (RFC 9113 §3.2); another outcome is refused. Default: `["h2"]`. */
  readonly alpnProtocols?: ReadonlyArray<string> | undefined
}

/**
 * Opens a connection, closed at the end of the scope. Interruption, and running out of time, destroy the socket.
 *
 * Fails with a `TransportError` whose reason is `Connect` (no such host, refused, unreachable), `ConnectTimeout`, `Tls` (a certificate
 * that is not trusted, no common version or cipher suite), `Alpn` (another protocol, or none, was negotiated), or `InvalidOptions`. Where a plain
 * connection turns out to be one of TLS or HTTP/1.x, reading from it fails with `Connect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connect = (options: ConnectOptions): Effect.Effect<Transport, TransportError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(restore(openSocket(options)), (socket) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          // One that ends before it says anything may do so.
          const refuse = (first: Uint8Array | undefined) =>
            first === undefined ? undefined : notHttp2(describe(options), first)
          const path = options.path === undefined ? undefined : { remote: options.path }
          return fromOpenSocket(socket, path, options.tls === undefined ? refuse : undefined)
        }),
        (transport) => transport.close
      )
    )
  )

/**
 * What only the layers above in this package ask for.
 *
 * @internal
 */
export interface OpenOptions extends ConnectOptions {
  /** Whether a server that does not speak ALPN is turned away. Default: true. */
  readonly requireAlpn?: boolean | undefined
  /** An open connection to speak TLS over, in place of a new one; it is destroyed with the socket. */
  readonly over?: Duplex | undefined
}

/**
 * `connect`, as far as the socket: TCP and TLS are through, nobody reads yet. It is destroyed at the end of the scope.
 *
 * @internal
 */
export const openSocket = (options: OpenOptions): Effect.Effect<Net.Socket, TransportError, Scope.Scope> =>
  Effect.suspend(() => {
    const where = describe(options)
    const timeout = Duration.decode(options.connectTimeout ?? "10 seconds")
    return Effect.acquireRelease(open(options, where), destroySocket).pipe(
      Effect.tap((socket) =>
        Effect.timeoutFail(awaitOpen(socket, options, where), {
          duration: timeout,
          onTimeout: () => failure("ConnectTimeout", `${where}: no connection after ${Duration.format(timeout)}`)
        }).pipe(Effect.onError(() => destroySocket(socket)))
      )
    )
  })

/**
 * Takes over an open socket, plain or TLS, with what it has received and nobody has read. It is closed at the end of the scope. The former
 * owner must not touch it any more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSocket = (socket: Net.Socket): Effect.Effect<Transport, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fromOpenSocket(socket)),
    (transport) => transport.close
  )

const describe = (options: ConnectOptions): string => {
  if (options.path !== undefined) return options.path
  const host = options.host ?? "localhost"
  return `${Net.isIPv6(host) ? `[${host}]` : host}:${options.port}`
}

const open = (options: OpenOptions, where: string): Effect.Effect<Net.Socket, TransportError> =>
  Effect.try({
    try: () => {
      checkTarget(options)
      const socket =
        options.tls === undefined ? Net.connect(target(options)) : Tls.connect(tlsOptions(options, options.tls))
      adoptSocket(socket)
      return socket
    },
    catch: (error) => invalidOptions(where, error)
  })

/** Node throws at a bad port only after it has opened a handle, which would be left to the garbage collector. */
const checkTarget = ({ path, port }: ConnectOptions): void => {
  if (path !== undefined) return
  if (port === undefined) throw new TypeError("neither port nor path is given")
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new RangeError("port has to be from 1 to 65535")
}

const target = ({ host, lookup, path, port }: ConnectOptions): Net.NetConnectOpts =>
  path !== undefined
    ? { path, allowHalfOpen: true }
    : {
        host: host ?? "localhost",
        port: port ?? 0,
        allowHalfOpen: true,
        noDelay: true,
        ...(lookup === undefined ? undefined : { lookup })
      }

const tlsOptions = (options: OpenOptions, tls: TlsOptions | true): Tls.ConnectionOptions => {
  const custom = tls === true ? {} : tls
  const host = options.host ?? "localhost"
  const alpnProtocols = options.alpnProtocols ?? ["h2"]
  TlsPolicy.checkProtocols(alpnProtocols)
  const servername = custom.servername ?? (options.path === undefined && Net.isIP(host) === 0 ? host : undefined)
  return {
    ...custom,
    servername,
    ciphers: custom.ciphers ?? TlsPolicy.CIPHERS,
    minVersion: custom.minVersion ?? TlsPolicy.MIN_VERSION,
    maxVersion: custom.maxVersion ?? "TLSv1.3",
    secureOptions: TlsPolicy.SECURE_OPTIONS,
    minDHSize: TlsPolicy.MIN_DH_BITS,
    ...(options.over === undefined ? target(options) : { socket: options.over }),
    ALPNProtocols: [...alpnProtocols]
  }
}

const awaitOpen = (socket: Net.Socket, options: OpenOptions, where: string): Effect.Effect<void, TransportError> =>
  Effect.async((resume) => {
    const tls = socket instanceof Tls.TLSSocket ? socket : undefined
    let connected = options.over !== undefined
    const stop = (): void => {
      socket.off("connect", onConnect)
      socket.off("secureConnect", onSecure)
      socket.off("error", onError)
      socket.off("close", onClose)
    }
    const done = (result: Effect.Effect<void, TransportError>): void => {
      stop()
      resume(result)
    }
    const onConnect = (): void => {
      connected = true
      if (tls === undefined) done(Effect.void)
    }
    const onSecure = (): void => {
      if (tls === undefined) return
      const refusal = TlsPolicy.refuse(tls, where, options.alpnProtocols ?? ["h2"], options.requireAlpn ?? true)
      done(refusal === undefined ? Effect.void : Effect.fail(refusal))
    }
    const onError = (error: Error): void => done(Effect.fail(fromConnectError(where, connected, error)))
    const onClose = (): void =>
      done(Effect.fail(failure(connected ? "Tls" : "Connect", `${where}: the socket was closed while connecting`)))
    socket.on("connect", onConnect)
    socket.on("secureConnect", onSecure)
    socket.on("error", onError)
    socket.on("close", onClose)
    return Effect.sync(stop)
  })
