/**
 * Listening sockets of `node:net` and `node:tls`: every connection that is accepted becomes a `Transport`, and runs in a fiber and a scope
 * of its own. The server's way up from the network; `NodeHttp2` puts the protocol on it.
 *
 * @since 0.1.0
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type { Address, Transport } from "@effect-http2/http2/Transport"
import * as Listen from "@effect-http2/node/socket/listen"
import { invalidOptions } from "@effect-http2/node/socket/socketError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import * as Accepted from "./internal/socket/connections.js"
import { closeServer, Connections } from "./internal/socket/connections.js"
import { fromOpenSocket } from "./internal/socket/socketTransport.js"

export type {
  /**
   * How to accept TLS connections: a part of Node's own options. HTTP/2 needs TLS 1.2 or later, and of TLS 1.2 only the cipher suites that
   * RFC 9113 §9.2.2 allows; a connection that comes about with another is closed.
   *
   * @since 0.1.0
   * @category models
   */
  TlsOptions
} from "@effect-http2/node/socket/listen"

/**
 * Where to listen, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListenOptions extends Listen.ListenOptions {
  /** How long a TLS handshake may take. Default: 10 seconds. */
  readonly tlsHandshakeTimeout?: Duration.DurationInput | undefined
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
      const connections = new Connections(runtime, take)
      return Effect.flatMap(open(options, connections), (server) =>
        restore(listen(server, options)).pipe(
          Effect.onError(() => closeServer(server)),
          Effect.tap(() => {
            server.on("error", connections.onServerError)
            return Effect.addFinalizer(() => connections.shutdown(server))
          }),
          Effect.map((): Listener => ({ address: Listen.addressOf(server) }))
        )
      )
    })
  )

const open = <R>(options: ListenOptions, connections: Connections<R>): Effect.Effect<Net.Server, TransportError> =>
  Effect.try({
    try: () => {
      const handshakeMillis = Duration.toMillis(options.tlsHandshakeTimeout ?? "10 seconds")
      return Listen.open({ ...options, handshakeMillis }, connections.accepted, connections.log)
    },
    catch: (error) => invalidOptions(Listen.describe(options), error)
  })

const listen = (server: Net.Server, options: ListenOptions): Effect.Effect<void, TransportError> =>
  Effect.async((resume) => {
    const stop = Listen.listen(server, options, (error) =>
      resume(error === undefined ? Effect.void : Effect.fail(error))
    )
    return Effect.sync(stop)
  })
