/**
 * The server's role: requests that arrive on a connection, each to a handler in a fiber and a scope of its own (RFC 9113 §8).
 *
 * @since 0.1.0
 */
import { Rounds } from "@effect-http2/engine/connection/turn"
import * as Announced from "@effect-http2/engine/origin/announcements"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Http2Connection } from "./Http2Connection.js"
import type * as Http2Error from "./Http2Error.js"
import * as Http2Options from "./Http2Options.js"
import * as Http2Origin from "./Http2Origin.js"
import type { PromisedTarget } from "./Http2Push.js"
import { Http2ServerRequest } from "./Http2ServerRequest.js"
import type { Http2ServerResponse } from "./Http2ServerResponse.js"
import * as Http2Stats from "./Http2Stats.js"
import { ConnectionScope } from "./internal/connectionScope.js"
import { Handlers, type HandlersConfig } from "./internal/handlers.js"
import * as Transport from "./Transport.js"

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
export type ServerOptions = Http2Options.Http2Options &
  Http2Origin.Announcements & {
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
    /** What the cause says of a handler that is interrupted because its stream is gone. Default: nothing. */
    readonly abortAnnotations?: Context.Context<never> | undefined
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
  readonly contextOf: (request: Http2ServerRequest, scope: Scope.Closeable) => Context.Context<never>
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
 * @category services
 */
export class Http2Server extends Context.Service<
  Http2Server,
  {
    /** Answers requests with `handler` until the end of the scope, which drains the connections. */
    readonly serve: <E, R>(handler: Handler<E, R>) => Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope>
    /** Where it can be reached; undefined where that is not known, as in memory. */
    readonly address: Transport.Address | undefined
  }
>()("@effect-http2/effect4-http2/Http2Server") {}

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
      return Http2Server.of({
        address: transport.peer.local,
        serve: (handler) =>
          Effect.suspend(() => {
            if (isServed) return Effect.die(new Error("a transport is served once"))
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
 * import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
 * import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // Layer<never, ConnectionError, Transport>
 * const hello = Http2Server.serve(() => Effect.succeed(Http2ServerResponse.text("Hello"))).pipe(
 *   Layer.provide(Http2Server.layer())
 * )
 */
export const serve = <E, R>(handler: Handler<E, R>): Layer.Layer<never, never, Http2Server | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(serveEffect(handler))

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
 * end has a second for its finalizers. Options that cannot be fail it with a `ConnectionError` of origin `User`. The connections of one
 * `serveTransport(handler)` share the time that handlers have in a round of the event loop.
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
} = (first: Handler<unknown, unknown> | Transport.Transport, ...rest: ReadonlyArray<unknown>): never => {
  // What all connections of a handler have in common is made before the first comes.
  if (typeof first === "function") return serverOf(first, rest[0] as ServerOptions | undefined) as never
  const [handler, options] = rest as [Handler<unknown, unknown>, ServerOptions | undefined]
  return serverOf(handler, options)(first) as never
}

const serverOf = <E, R>(
  handler: Handler<E, R>,
  options?: ServerOptions
): ((transport: Transport.Transport) => Effect.Effect<void, Http2Error.Http2Error, Exclude<R, Scope.Scope>>) => {
  const open = acceptor(handler, options ?? {})
  return (transport) =>
    Effect.acquireUseRelease(
      open(transport),
      // Handlers that cannot be interrupted have all the time that they want, until this is interrupted.
      ({ connection, handlers }) =>
        Effect.flatMap(Effect.exit(connection.awaitClosed), (exit) => Effect.andThen(handlers.finished, exit)),
      (served) => served.end
    )
}

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
      Effect.acquireRelease(acceptor(handler, options)(transport), (served) => served.end),
      ({ connection }) => connection
    )
)

/** What handlers that are interrupted at the end have for their finalizers, in ms. */
const finalizersTimeout = 1000

/** A connection that is served. */
class Served<R> {
  constructor(
    private readonly scope: ConnectionScope,
    readonly handlers: Handlers<R>
  ) {}

  get connection(): Http2Connection {
    return this.scope.connection
  }

  /** Drains the connection; then every handler that is left is interrupted and awaited. */
  get end(): Effect.Effect<void> {
    return Effect.clockWith((clock) => {
      const { connection, handlers, scope } = this
      const endsAt = clock.currentTimeMillisUnsafe() + connection.engine.options.gracefulShutdownTimeout
      return Effect.andThen(
        scope.end,
        Effect.suspend(() => handlers.shutdown(Math.max(endsAt - clock.currentTimeMillisUnsafe(), finalizersTimeout)))
      )
    })
  }
}

/** Starts connections alike: what they have in common is made once. */
const acceptor = <E, R>(
  handler: Handler<E, R>,
  options: ServerOptions
): ((
  transport: Transport.Transport
) => Effect.Effect<Served<Exclude<R, Scope.Scope>>, Http2Error.ConnectionError, Exclude<R, Scope.Scope>>) => {
  type Services = Exclude<R, Scope.Scope>
  const { handlerPolicy: policy, mayPush } = options
  const sendDate = options.sendDate ?? true
  const rounds = new Rounds()
  // The scope is the stream's; everything else that the handler needs is in the context.
  const run = handler as Handler<E, Services | Scope.Scope>
  const handlersConfig: HandlersConfig<Services> = {
    abortAnnotations: options.abortAnnotations,
    isInterruptible: policy?.isInterruptible ?? true,
    contextOf:
      policy === undefined
        ? undefined
        : // It has what the handler needs: that is who gives a policy to see to.
          (stream, scope) => policy.contextOf(requestOf(stream), scope) as Context.Context<Services | Scope.Scope>
  }
  const mayPushOn =
    mayPush && ((promised: PromisedTarget, stream: ServerStream) => mayPush(promised, requestOf(stream)))
  const start = (
    transport: Transport.Transport,
    resolved: Http2Options.Resolved,
    context: Context.Context<Services>
  ) => {
    const handlers = new Handlers<Services>(context, (stream) => run(requestOf(stream)), handlersConfig)
    const config = {
      options: resolved,
      settings: {
        ...Http2Options.toSettings(resolved, false),
        enableConnectProtocol: options.enableConnectProtocol ?? false
      },
      stats: options.stats ?? Http2Stats.make(),
      metrics: options.metrics,
      drainAtEnd: true,
      rounds,
      announcements: Announced.announce(options, transport.peer)
    }
    const role = new ServerRole(handlers, sendDate, mayPushOn)
    return new Served(new ConnectionScope(transport, config, role, context), handlers)
  }
  return (transport) =>
    Effect.flatMap(Http2Options.resolve(options), (resolved) =>
      Effect.contextWith((context: Context.Context<Services>) =>
        Http2Origin.attempt(() => start(transport, resolved, context))
      )
    )
}
