/**
 * New connections over TCP and TLS: what is asked of Node, and what comes of it. The skins put interruption, time and scopes on it.
 */
import type { TransportError } from "@effect-http2/engine/Http2Error"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import { failure, fromConnectError } from "./socketError.js"
import { adoptSocket } from "./sockets.js"
import * as TlsPolicy from "./tlsPolicy.js"

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
  /** Finds the addresses of `host`. Default: `dns.lookup`. */
  readonly lookup?: Net.LookupFunction | undefined
  /** What is offered by ALPN, never "h2c" (RFC 9113 §3.2); another outcome is refused. Default: `["h2"]`. */
  readonly alpnProtocols?: ReadonlyArray<string> | undefined
}

/** What only the layers above ask for. */
export interface OpenOptions extends ConnectOptions {
  /** Whether a server that does not speak ALPN is turned away. Default: true. */
  readonly requireAlpn?: boolean | undefined
  /** An open connection to speak TLS over, in place of a new one; it is destroyed with the socket. */
  readonly over?: Duplex | undefined
}

/** Where it goes to, for people. */
export const describe = (options: ConnectOptions): string => {
  if (options.path !== undefined) return options.path
  const host = options.host ?? "localhost"
  return `${Net.isIPv6(host) ? `[${host}]` : host}:${options.port}`
}

/** A socket on its way. Throws at options that cannot be. */
export const open = (options: OpenOptions): Net.Socket => {
  checkTarget(options)
  const socket =
    options.tls === undefined ? Net.connect(target(options)) : Tls.connect(tlsOptions(options, options.tls))
  adoptSocket(socket)
  return socket
}

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

/**
 * Calls `done` once TCP and TLS are through, and their outcome is one that HTTP/2 allows; with the error where they are not. What comes back takes `done` away.
 */
export const awaitOpen = (
  socket: Net.Socket,
  options: OpenOptions,
  done: (error: TransportError | undefined) => void
): (() => void) => {
  const where = describe(options)
  const tls = socket instanceof Tls.TLSSocket ? socket : undefined
  let connected = options.over !== undefined
  const stop = (): void => {
    socket.off("connect", onConnect)
    socket.off("secureConnect", onSecure)
    socket.off("error", onError)
    socket.off("close", onClose)
  }
  const settle = (error: TransportError | undefined): void => {
    stop()
    done(error)
  }
  const onConnect = (): void => {
    connected = true
    if (tls === undefined) settle(undefined)
  }
  const onSecure = (): void => {
    if (tls !== undefined)
      settle(TlsPolicy.refuse(tls, where, options.alpnProtocols ?? ["h2"], options.requireAlpn ?? true))
  }
  const onError = (error: Error): void => settle(fromConnectError(where, connected, error))
  const onClose = (): void =>
    settle(failure(connected ? "Tls" : "Connect", `${where}: the socket was closed while connecting`))
  socket.on("connect", onConnect)
  socket.on("secureConnect", onSecure)
  socket.on("error", onError)
  socket.on("close", onClose)
  return stop
}
