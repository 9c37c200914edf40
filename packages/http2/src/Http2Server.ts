/**
 * The server's role: requests that arrive on a connection, each to a handler in a fiber and a scope of its own (RFC 9113 §8).
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Http2Connection } from "./Http2Connection.js"
import type * as Http2Error from "./Http2Error.js"
import * as Http2Options from "./Http2Options.js"
import * as Http2Origin from "./Http2Origin.js"
import type { PromisedTarget } from "./Http2Push.js"
import type { Http2ServerResponse } from "./Http2ServerResponse.js"
import * as Http2Stats from "./Http2Stats.js"
import { Http2ServerRequest } from "./Http2ServerRequest.js"
import { ConnectionScope } from "./internal/connectionScope.js"
import { Handlers, type HandlersConfig, type StreamHandler } from "./internal/handlers.js"
import { ahead, trimmed, uninterruptible } from "./internal/trimmedRuntime.js"
import * as InterruptibleRuntime from "./InterruptibleRuntime.js"
import * as Announced from "@effect-http2/engine/origin/announcements"
import type { MayPush } from "@effect-http2/engine/server/serverPush"
import { Rounds } from "@effect-http2/engine/connection/turn"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import type { Settings } from "./Settings.js"
import * as Transport from "./Transport.js"
import type { Address } from "./Transport.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/http2/Http2Server")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What answers requests. Its effect runs in a fiber and a scope of its own, which end with the stream: the fiber is interrupted when the client
 * resets the stream or the connection is lost. A failure or defect becomes a response of 500 or, once headers are out, RST_STREAM with
 * INTERNAL_ERROR, and is logged.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<E, R> = (request: Http2ServerRequest) => Effect.Effect<Http2ServerResponse, E, R>

/**
 * The options of a server's connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions extends Http2Options.Http2Options, Http2Origin.Announcements {
  /** Counters to add to; `maxTotalStalledOctets` bounds what all connections that share them hold. Default: of this connection alone. */
  readonly stats?: Http2Stats.Http2Stats | undefined
  /** Whether responses get a date field where the handler gives none (RFC 9110 §6.6.1). Default true. */
  readonly sendDate?: boolean | undefined
  /** Whether clients may use extended CONNECT (RFC 8441), as WebSockets over HTTP/2 do. Default false. */
  readonly enableConnectProtocol?: boolean | undefined
  /**
   * Whether the handler of `request` may push `promised`. Default: whatever has the same scheme and authority. Where tenants share an authority, this is
   * the place to keep them apart (§10.4); what answers is in any case the handler, and not the one who pushes.
   */
  readonly mayPush?: ((promised: PromisedTarget, request: Http2ServerRequest) => boolean) | undefined
  /** Who interrupts a handler whose stream is gone, as its cause shows. Default `FiberId.none`. */
  readonly abortFiberId?: FiberId.FiberId | undefined
  /** How handlers are run, for a layer above that has more to say about it. */
  readonly handlerPolicy?: HandlerPolicy | undefined
}

/**
 * How handlers are run.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerPolicy {
  /**
   * Makes the context that the handler of a request runs in, in place of the one that `serve` was run in with `scope`, the stream's, added to it.
   * All that the handler needs has to be there.
   */
  readonly contextOf: (request: Http2ServerRequest, scope: Scope.Scope) => Context.Context<never>
  /** Whether the handler can be interrupted from its first step on; if not, it opens itself where it can. */
  readonly isInterruptible: boolean
}

/** The same for all that handle a stream. */
const requestOf = (stream: ServerStream): Http2ServerRequest => {
  if (stream.attachment instanceof Http2ServerRequest) return stream.attachment
  const request = new Http2ServerRequest(stream)
  stream.attachment = request
  return request
}

/**
 * A server without its handler: over one `Transport`, or over all connections that a listener accepts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2Server {
  readonly [TypeId]: TypeId
  /** Answers requests with `handler` until the end of the scope, which drains the connections. */
  readonly serve: <E, R>(handler: Handler<E, R>) => Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope>
  /** Where it can be reached; undefined where that is not known, as in memory. */
  readonly address: Address | undefined
}

/**
 * @since 0.1.0
 * @category tags
 */
export const Http2Server: Context.Tag<Http2Server, Http2Server> = Context.GenericTag("@effect-http2/http2/Http2Server")

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Server = (u: unknown): u is Http2Server => Predicate.hasProperty(u, TypeId)

/**
 * A server, for who brings the connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeServer = (server: Omit<Http2Server, TypeId>): Http2Server => ({ ...server, [TypeId]: TypeId })

/**
 * A server over the `Transport`, as a service. It can be served once. Fails with a `ConnectionError` of origin `User` for an option that cannot be.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: ServerOptions = {}
): Layer.Layer<Http2Server, Http2Error.ConnectionError, Transport.Transport> =>
  Layer.effect(
    Http2Server,
    Effect.gen(function* () {
      const transport = yield* Transport.Transport
      yield* Http2Options.resolve(options)
      yield* Http2Origin.check(options)
      let isServed = false
      return makeServer({
        address: transport.peer.local,
        serve: (handler) =>
          Effect.suspend(() => {
            if (isServed) return Effect.dieMessage("a transport is served once")
            isServed = true
            // What could be wrong with the options was found above.
            return Effect.asVoid(Effect.orDie(make(transport, handler, options)))
          })
      })
    })
  )

/**
 * Answers the requests of the server in the context with `handler`, as long as the layer is there.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as Http2Server from "@effect-http2/http2/Http2Server"
 * import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // Layer<never, ConnectionError, Transport>
 * const hello = Http2Server.serve(() => Effect.succeed(Http2ServerResponse.text("Hello"))).pipe(
 *   Layer.provide(Http2Server.layer())
 * )
 */
export const serve = <E, R>(handler: Handler<E, R>): Layer.Layer<never, never, Http2Server | Exclude<R, Scope.Scope>> =>
  Layer.scopedDiscard(serveEffect(handler))

/**
 * `serve` as an effect, until the end of its scope.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serveEffect = <E, R>(
  handler: Handler<E, R>
): Effect.Effect<void, never, Http2Server | Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.flatMap(Http2Server, (server) => server.serve(handler))

/**
 * Serves one connection: acquires it, answers its requests with `handler`, and completes when it has ended; fails with the error that ended it.
 * Interruption drains it: GOAWAY in two steps, requests in flight finish up to `gracefulShutdownTimeout`, the rest is
 * interrupted. A handler that does not end within that time though it is interrupted is abandoned, with a warning in the log; one that is interrupted at its
 * end has a second for its finalizers. Options that cannot be fail it with a `ConnectionError` of origin `User`.
 *
 * @since 0.1.0
 * @category serving
 */
export const serveTransport: {
  <E, R>(
    handler: Handler<E, R>,
    options?: ServerOptions
  ): (transport: Transport.Transport) => Effect.Effect<void, Http2Error.Http2Error, Exclude<R, Scope.Scope>>
  <E, R>(
    transport: Transport.Transport,
    handler: Handler<E, R>,
    options?: ServerOptions
  ): Effect.Effect<void, Http2Error.Http2Error, Exclude<R, Scope.Scope>>
} = dual(
  (args) => typeof args[0] !== "function",
  <E, R>(
    transport: Transport.Transport,
    handler: Handler<E, R>,
    options: ServerOptions = {}
  ): Effect.Effect<void, Http2Error.Http2Error, Exclude<R, Scope.Scope>> =>
    Effect.acquireUseRelease(
      open(handler, transport, options),
      // Handlers that cannot be interrupted have all the time that they want, until this is interrupted.
      ({ connection, finished }) =>
        Effect.flatMap(Effect.exit(connection.awaitClosed), (exit) => Effect.zipRight(finished, exit)),
      (served) => served.end()
    )
)

/**
 * A connection on which `handler` answers requests; the end of its scope drains it, as interruption of `serveTransport` does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  <E, R>(
    handler: Handler<E, R>,
    options?: ServerOptions
  ): (
    transport: Transport.Transport
  ) => Effect.Effect<Http2Connection, Http2Error.ConnectionError, Exclude<R, Scope.Scope> | Scope.Scope>
  <E, R>(
    transport: Transport.Transport,
    handler: Handler<E, R>,
    options?: ServerOptions
  ): Effect.Effect<Http2Connection, Http2Error.ConnectionError, Exclude<R, Scope.Scope> | Scope.Scope>
} = dual(
  (args) => typeof args[0] !== "function",
  <E, R>(
    transport: Transport.Transport,
    handler: Handler<E, R>,
    options: ServerOptions = {}
  ): Effect.Effect<Http2Connection, Http2Error.ConnectionError, Exclude<R, Scope.Scope> | Scope.Scope> =>
    Effect.map(
      Effect.acquireRelease(open(handler, transport, options), (served) => served.end()),
      ({ connection }) => connection
    )
)

/** What handlers that are interrupted at the end have for their finalizers. */
const finalizersTimeout = 1000

/**
 * A connection that is served.
 *
 * @internal
 */
export class Served<R = never> {
  constructor(
    private readonly scope: ConnectionScope,
    private readonly handlers: Handlers<R>,
    private readonly clock: Clock.Clock
  ) {}

  get connection(): Http2Connection {
    return this.scope.connection
  }

  /** Completes once no handler runs. */
  get finished(): Effect.Effect<void> {
    return this.handlers.finished
  }

  /** Whether the connection has ended, its transport is closed and no handler runs. */
  get isFinished(): boolean {
    return this.scope.isGone && this.handlers.isFinished
  }

  /** Calls `listener` once it is finished, at once where it is. */
  onFinished(listener: (error: Http2Error.Http2Error | undefined) => void): void {
    const { connection } = this
    this.scope.onGone(() => this.handlers.onFinished(() => listener(connection.engine.error)))
  }

  /** Drains the connection; then every handler that is left is interrupted and awaited. */
  readonly end = (): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { clock, connection, handlers, scope } = this
      const endsAt = clock.unsafeCurrentTimeMillis() + connection.engine.options.gracefulShutdownTimeout
      return Effect.zipRight(
        scope.end(),
        Effect.suspend(() => handlers.shutdown(Math.max(endsAt - clock.unsafeCurrentTimeMillis(), finalizersTimeout)))
      )
    })
}

/**
 * Serves any number of connections alike: what they have in common is made once.
 *
 * @internal
 */
export class Acceptor<E, R> {
  private readonly settings: Settings
  private readonly runtime: Runtime.Runtime<R>
  private readonly handlersRuntime: Runtime.Runtime<R>
  private readonly handlersConfig: HandlersConfig<R>
  private readonly mayPush: MayPush | undefined
  private readonly rounds = new Rounds()

  constructor(
    private readonly handler: Handler<E, R | Scope.Scope>,
    private readonly options: ServerOptions,
    private readonly resolved: Http2Options.Resolved,
    runtime: Runtime.Runtime<R>,
    private readonly clock: Clock.Clock
  ) {
    const { handlerPolicy: policy, mayPush } = options
    this.settings = {
      ...Http2Options.toSettings(resolved, false),
      enableConnectProtocol: options.enableConnectProtocol ?? false
    }
    const own = trimmed(runtime)
    this.runtime = ahead(own)
    this.handlersRuntime = uninterruptible(own)
    this.handlersConfig = {
      abortFiberId: options.abortFiberId ?? FiberId.none,
      isInterruptible: policy?.isInterruptible ?? true,
      // It has what the handler needs: that is who gives a policy to see to.
      contextOf:
        policy === undefined
          ? undefined
          : (stream, scope) => policy.contextOf(requestOf(stream), scope) as Context.Context<R | Scope.Scope>
    }
    this.mayPush = mayPush && ((promised, stream) => mayPush(promised, requestOf(stream)))
  }

  /** The scope is the stream's; everything else that the handler needs is in the runtime. */
  private readonly handle: StreamHandler<R> = (stream) => this.handler(requestOf(stream))

  /** Starts a connection. Throws a `ConnectionError` of origin `User` for what cannot be announced. */
  accept(transport: Transport.Transport): Served<R> {
    const { clock, options, resolved, rounds, settings } = this
    const announcements = Announced.announce(options, transport.peer)
    const handlers = new Handlers(this.handlersRuntime, this.handle, this.handlersConfig)
    const role = new ServerRole(handlers, options.sendDate ?? true, this.mayPush)
    const stats = options.stats ?? Http2Stats.make()
    const { metrics } = options
    const config = { options: resolved, settings, stats, metrics, drainAtEnd: true, rounds, announcements }
    return new Served(new ConnectionScope(transport, config, role, this.runtime, clock), handlers, clock)
  }
}

/**
 * @internal
 */
export const acceptor = <E, R>(
  handler: Handler<E, R>,
  options: ServerOptions = {}
): Effect.Effect<Acceptor<E, Exclude<R, Scope.Scope>>, Http2Error.ConnectionError, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(Http2Options.resolve(options), (resolved) =>
    Effect.zipWith(
      InterruptibleRuntime.capture<Exclude<R, Scope.Scope>>(),
      Effect.clock,
      (runtime, clock) =>
        new Acceptor(handler as Handler<E, Exclude<R, Scope.Scope> | Scope.Scope>, options, resolved, runtime, clock)
    )
  )

const open = <E, R>(
  handler: Handler<E, R>,
  transport: Transport.Transport,
  options: ServerOptions
): Effect.Effect<Served<Exclude<R, Scope.Scope>>, Http2Error.ConnectionError, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(acceptor(handler, options), (acceptor) => Http2Origin.attempt(() => acceptor.accept(transport)))
