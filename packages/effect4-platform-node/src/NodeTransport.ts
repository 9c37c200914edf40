/**
 * Connections of `node:net` and `node:tls` as a `Transport`: dialled here, or taken over when they are open already. The client's way
 * down to the network; servers get theirs from `NodeListener`.
 *
 * @since 0.1.0
 */
import type { TransportError } from "@effect-http2/effect4-http2/Http2Error"
import { Transport } from "@effect-http2/effect4-http2/Transport"
import * as Connect from "@effect-http2/node/socket/connect"
import { failure, invalidOptions, notHttp2 } from "@effect-http2/node/socket/socketError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import { destroySocket, fromOpenSocket } from "./internal/socket/socketTransport.js"

export type {
  /**
   * How to make a TLS connection: a part of Node's own options. HTTP/2 needs TLS 1.2 or later, and of TLS 1.2 only the cipher suites that
   * RFC 9113 §9.2.2 allows; others in `ciphers` are refused after the handshake.
   *
   * @since 0.1.0
   * @category models
   */
  TlsOptions
} from "@effect-http2/node/socket/connect"

/**
 * Where to connect to, and how. Either `port` or `path` is needed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectOptions extends Connect.ConnectOptions {
  /** How long TCP and TLS together may take. Default: 10 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
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
            first === undefined ? undefined : notHttp2(Connect.describe(options), first)
          const path = options.path === undefined ? undefined : { remote: options.path }
          return fromOpenSocket(socket, path, options.tls === undefined ? refuse : undefined)
        }),
        (transport) => transport.close
      )
    )
  )

/**
 * `connect` as a layer, for `Http2Client.layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: ConnectOptions): Layer.Layer<Transport, TransportError> =>
  Layer.effect(Transport, connect(options))

/**
 * What only the layers above in this package ask for.
 *
 * @internal
 */
export interface OpenOptions extends ConnectOptions, Connect.OpenOptions {}

/**
 * `connect`, as far as the socket: TCP and TLS are through, nobody reads yet. It is destroyed at the end of the scope.
 *
 * @internal
 */
export const openSocket = (options: OpenOptions): Effect.Effect<Net.Socket, TransportError, Scope.Scope> =>
  Effect.suspend(() => {
    const timeout = Duration.fromInputUnsafe(options.connectTimeout ?? "10 seconds")
    const late = Effect.suspend(() =>
      Effect.fail(
        failure("ConnectTimeout", `${Connect.describe(options)}: no connection after ${Duration.format(timeout)}`)
      )
    )
    return Effect.acquireRelease(open(options), destroySocket).pipe(
      Effect.tap((socket) =>
        awaitOpen(socket, options).pipe(
          Effect.timeoutOrElse({ duration: timeout, orElse: () => late }),
          Effect.onError(() => destroySocket(socket))
        )
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

const open = (options: OpenOptions): Effect.Effect<Net.Socket, TransportError> =>
  Effect.try({
    try: () => Connect.open(options),
    catch: (error) => invalidOptions(Connect.describe(options), error)
  })

const awaitOpen = (socket: Net.Socket, options: OpenOptions): Effect.Effect<void, TransportError> =>
  Effect.callback((resume) => {
    const stop = Connect.awaitOpen(socket, options, (error) =>
      resume(error === undefined ? Effect.void : Effect.fail(error))
    )
    return Effect.sync(stop)
  })
