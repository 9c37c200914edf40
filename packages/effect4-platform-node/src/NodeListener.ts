/**
 * Listening sockets of `node:net` and `node:tls`: every connection that is accepted becomes a `Transport`, and runs in a fiber and a scope
 * of its own. The server's way up from the network; `NodeHttp2` puts the protocol on it.
 *
 * @since 0.1.0
 */
import type { TransportError } from "@effect-http2/effect4-http2/Http2Error"
import type { Address, Transport } from "@effect-http2/effect4-http2/Transport"
import { AcceptedSockets } from "@effect-http2/node/socket/acceptedSockets"
import * as Listen from "@effect-http2/node/socket/listen"
import { invalidOptions } from "@effect-http2/node/socket/socketError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import type * as Net from "node:net"
import { destroySocket, fromOpenSocket } from "./internal/socket/socketTransport.js"

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
  readonly tlsHandshakeTimeout?: Duration.Input | undefined
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
export const connectionsRefused: Metric.Counter<number> = Metric.counter("http2.server.connections.refused", {
  description: "Connections closed at once since maxConnections were open"
})

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
  return makeSockets(options, (socket) =>
    Effect.scoped(
      Effect.flatMap(
        Effect.acquireRelease(
          Effect.sync(() => fromOpenSocket(socket, path)),
          (transport) => transport.close
        ),
        handle
      )
    )
  )
}

/**
 * `make` for who takes the sockets as they are: `NodeHttp2Server`, which has to see what a connection speaks.
 *
 * @internal
 */
export const makeSockets = <R>(
  options: ListenOptions,
  handle: (socket: Net.Socket) => Effect.Effect<unknown, unknown, R>
): Effect.Effect<Listener, TransportError, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const fork = Effect.runForkWith(context)
    // All connections end at once, each in its own time.
    const connections = yield* Scope.make("parallel")
    const log = (message: string, error: unknown): void => void fork(Effect.logDebug(message, error))
    const accepted = new AcceptedSockets(
      (socket) => void Fiber.runIn(fork(connection(socket, handle)), connections),
      (text) => {
        connectionsRefused.updateUnsafe(1, context)
        if (text !== undefined) log(...text)
      }
    )
    const server = yield* Effect.acquireRelease(open(options, accepted, log), (server) =>
      Effect.gen(function* () {
        accepted.close()
        const closed = closeServer(server)
        yield* Scope.close(connections, Exit.void)
        accepted.destroyAll()
        yield* closed
      })
    )
    yield* listen(server, options)
    server.on("error", (error) => void fork(Effect.logWarning("the listening socket reported an error", error)))
    return { address: Listen.addressOf(server) }
  })

/** One connection, from its start to its end. A failure is its own, and the log's. */
const connection = <R>(
  socket: Net.Socket,
  handle: (socket: Net.Socket) => Effect.Effect<unknown, unknown, R>
): Effect.Effect<void, never, R> =>
  Effect.suspend(() => handle(socket)).pipe(
    Effect.ensuring(destroySocket(socket)),
    Effect.catchCause(logFailure),
    Effect.asVoid
  )

const logFailure = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.void
    : Cause.hasDies(cause)
      ? Effect.logError("the handler of a connection died", cause)
      : Effect.logDebug("a connection failed", cause)

const open = (
  options: ListenOptions,
  accepted: AcceptedSockets,
  log: Listen.Log
): Effect.Effect<Net.Server, TransportError> =>
  Effect.try({
    try: () => {
      const handshakeMillis = Duration.toMillis(Duration.fromInputUnsafe(options.tlsHandshakeTimeout ?? "10 seconds"))
      return Listen.open({ ...options, handshakeMillis }, accepted, log)
    },
    catch: (error) => invalidOptions(Listen.describe(options), error)
  })

const listen = (server: Net.Server, options: ListenOptions): Effect.Effect<void, TransportError> =>
  Effect.callback((resume) => {
    const stop = Listen.listen(server, options, (error) =>
      resume(error === undefined ? Effect.void : Effect.fail(error))
    )
    return Effect.sync(stop)
  })

/** Stops listening at once. Completes when all of the server's connections have closed. */
const closeServer = (server: Net.Server): Effect.Effect<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  return Effect.promise(() => closed)
}
