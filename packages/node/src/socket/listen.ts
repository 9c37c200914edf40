/**
 * Listening sockets of `node:net` and `node:tls`: what is asked of Node, and which TLS connections are refused. The skins put scopes and logs on it.
 */
import type { TransportError } from "@effect-http2/engine/Http2Error"
import type { Address } from "@effect-http2/engine/Peer"
import * as Net from "node:net"
import * as Tls from "node:tls"
import type { AcceptedSockets } from "./acceptedSockets.js"
import { dismissTls } from "./front.js"
import { failure, invalidOptions } from "./socketError.js"
import { silence } from "./sockets.js"
import * as TlsPolicy from "./tlsPolicy.js"

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
  /** What is accepted by ALPN, the most wanted first; never "h2c" (RFC 9113 §3.2). Default: `["h2"]`. */
  readonly alpnProtocols?: ReadonlyArray<string> | undefined
  /** Whether a TLS client that does not speak ALPN is turned away. Default: true. */
  readonly requireAlpn?: boolean | undefined
}

/** What the skins resolve. */
export interface OpenOptions extends ListenOptions {
  /** How long a TLS handshake may take, in ms. */
  readonly handshakeMillis: number
}

/** Where it listens, for people. */
export const describe = (options: ListenOptions): string =>
  options.path ?? `${options.host ?? "*"}:${options.port ?? 0}`

/** Hears of the connections that TLS does not come about on. */
export type Log = (message: string, error: unknown) => void

/** A server that does not listen yet. Throws at options that cannot be. */
export const open = (options: OpenOptions, sockets: AcceptedSockets, log: Log): Net.Server => {
  const maxConnections = options.maxConnections ?? 10_000
  if (!(maxConnections >= 1)) throw new RangeError(`maxConnections has to be 1 or more, and is ${maxConnections}`)
  const server = options.tls === undefined ? plain(sockets) : secure(options, options.tls, sockets, log)
  // Node closes what is accepted beyond it before there is a socket.
  server.maxConnections = maxConnections
  server.on("drop", sockets.drop)
  silence(server)
  return server
}

const plain = (sockets: AcceptedSockets): Net.Server =>
  Net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.accept(socket)
    sockets.start(socket)
  })

/** Node's timers count milliseconds in 31 bits. */
const longestTimer = 0x7fffffff

const secure = (options: OpenOptions, tls: TlsOptions, sockets: AcceptedSockets, log: Log): Net.Server => {
  const where = describe(options)
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
    handshakeTimeout: Math.min(options.handshakeMillis, longestTimer),
    allowHalfOpen: true,
    noDelay: true
  })
  server.on("connection", sockets.accept)
  server.on("secureConnection", (socket) => {
    const refusal = TlsPolicy.refuse(socket, where, alpnProtocols, options.requireAlpn ?? true)
    TlsPolicy.endAtRenegotiation(socket)
    if (refusal === undefined) return sockets.start(socket)
    silence(socket)
    // The client finds an orderly end, not a reset; one that has no ALPN speaks HTTP/1.x.
    if (refusal.reason === "Alpn" && alpnProtocols.includes("h2")) dismissTls(socket)
    else socket.destroySoon()
    log(`a TLS connection was refused (${socket.remoteAddress}:${socket.remotePort})`, refusal)
  })
  server.on("tlsClientError", (error, socket) => {
    silence(socket)
    socket.destroy()
    log("a TLS handshake failed", error)
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

/** Calls `done` once the server listens, or with why it does not. What comes back takes `done` away. */
export const listen = (
  server: Net.Server,
  options: ListenOptions,
  done: (error: TransportError | undefined) => void
): (() => void) => {
  const where = describe(options)
  const stop = (): void => {
    server.off("listening", onListening)
    server.off("close", onClose)
    server.off("error", onError)
  }
  const settle = (error: TransportError | undefined): void => {
    stop()
    done(error)
  }
  const onListening = (): void => settle(undefined)
  const onError = (error: Error): void => settle(failure("Listen", `${where}: ${error.message}`, error))
  const onClose = (): void => settle(failure("Listen", `${where}: aborted by its signal`, options.signal?.reason))
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
    settle(invalidOptions(where, error))
  }
  return stop
}

/** Types of Node 20 do not have it. */
const reusePort = ({ reusePort }: ListenOptions): object => (reusePort === undefined ? {} : { reusePort })

/** Where a server listens, with the port that the system chose. */
export const addressOf = (server: Net.Server): Address => {
  const address = server.address()
  return address === null || typeof address === "string"
    ? { host: address ?? "", port: undefined }
    : { host: address.address, port: address.port }
}
