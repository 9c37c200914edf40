/**
 * The client's role: requests on a connection, any number at once as far as the server allows (RFC 9113 §8).
 *
 * @since 0.1.0
 */
import type { ClientRequest as Exchange } from "@effect-http2/engine/client/clientRequest"
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import type { TunnelKind } from "@effect-http2/engine/client/prepare"
import { ofRequest } from "@effect-http2/engine/origin/asciiOrigin"
import type { Connection } from "@effect-http2/engine/connection/connection"
import { Alternatives } from "@effect-http2/engine/origin/alternatives"
import type { OriginListener } from "@effect-http2/engine/origin/originModels"
import { Origins } from "@effect-http2/engine/origin/origins"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Headers from "./Headers.js"
import type { Http2ClientRequest, TunnelRequest } from "./Http2ClientRequest.js"
import { type Http2ClientResponse, responseOf, WholeResponse } from "./Http2ClientResponse.js"
import type { Http2Connection } from "./Http2Connection.js"
import * as Http2Error from "./Http2Error.js"
import { defaultLimit } from "./Http2IncomingMessage.js"
import * as Http2Options from "./Http2Options.js"
import type { Alternative, OriginOptions } from "./Http2Origin.js"
import * as Http2Push from "./Http2Push.js"
import * as Http2Stats from "./Http2Stats.js"
import { Http2Tunnel } from "./Http2Tunnel.js"
import { takeWhole } from "./internal/bodies.js"
import { cancel, prepare, send } from "./internal/clientRequests.js"
import * as ConnectionScope from "./internal/connectionScope.js"
import { fromEvents, nextEvent } from "./internal/events.js"
import type * as Priority from "./Priority.js"
import * as Transport from "./Transport.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~@effect-http2/effect4-http2/Http2Client"

/**
 * A tunnel, with the response that opened it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tunnel {
  readonly response: Http2ClientResponse
  readonly tunnel: Http2Tunnel
}

/**
 * Who is told of a request's course.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseListener {
  /** The head has come. What came with it in the same read is not processed yet. */
  onResponse(response: Http2ClientResponse): void
  /** The request failed: before its head, or behind it, where the body fails with the same error. */
  onFailure(error: Http2Error.Http2Error): void
}

/**
 * A request that was handed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Started {
  /** Nobody wants the response, or the rest of it, any more: RST_STREAM(CANCEL), unless the stream is over. */
  cancelUnsafe(): void
  /** `Http2ClientResponse.reprioritize`, also before there is a response. */
  reprioritizeUnsafe(parameters: Priority.Parameters): void
}

/**
 * The options of a client's connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions extends Http2Options.Http2Options, OriginOptions {
  /** The authority of requests that name none. */
  readonly authority?: string | undefined
  /** The scheme of requests that name none. Default: `https` over TLS, `http` without. */
  readonly scheme?: string | undefined
  /**
   * Whether the server may push (§8.4): what it promises comes by `pushes`, as far as it answers for its origin, which is that of the request that it
   * comes with, the connection's own, or one that `isAuthoritative` says. Default false: PUSH_PROMISE ends the connection.
   */
  readonly enablePush?: boolean | undefined
  /**
   * Whether what the server says of alternative services (RFC 7838 §4) comes by `alternatives`. Nothing else follows from it: there is no cache of
   * alternative services, and no request goes to one. Default false: ALTSVC is not decoded.
   */
  readonly enableAltSvc?: boolean | undefined
  /** Counters to add to. Default: of this connection alone. */
  readonly stats?: Http2Stats.Http2Stats | undefined
}

/**
 * Who hears at once of what happens on a connection, in plain code: pools.
 *
 * @internal
 */
export interface ClientListener extends OriginListener {
  /** A stream may be free, or room for its response, or there will be none any more. */
  readonly onCapacity?: (() => void) | undefined
}

/**
 * A client on one connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2Client {
  readonly [TypeId]: typeof TypeId
  /**
   * Sends a request and succeeds with the head of its response. Requests beyond what the server allows at once wait, in order. Interruption, and
   * the end of the scope before the response was whole, send RST_STREAM(CANCEL). A body that is a Stream runs with the context of who asks.
   *
   * Fails with a `StreamError` where this request failed, with a `ConnectionError` or `TransportError` where the connection did; `processed` says
   * whether it may be sent again elsewhere.
   */
  readonly request: (
    request: Http2ClientRequest
  ) => Effect.Effect<Http2ClientResponse, Http2Error.Http2Error, Scope.Scope>
  /**
   * Sends a request and reads its response whole: for bodies that fit into memory, and without a scope. Fails as `request` does, and with a
   * `StreamError` of limit `bytes` where the body is longer than `limit` octets, default 10 MiB.
   */
  readonly collect: (request: Http2ClientRequest, limit?: number) => Effect.Effect<WholeResponse, Http2Error.Http2Error>
  /**
   * `request` without effects and without a scope, for layers that have a fiber and an owner of their own: hands the request over at once, and
   * tells `listener`. A response that is not read to its end has to be cancelled.
   */
  readonly requestUnsafe: (request: Http2ClientRequest, listener: ResponseListener) => Started
  /**
   * Opens a tunnel by CONNECT (§8.5), or by extended CONNECT (RFC 8441) where `protocol` is given, for instance `websocket`. A response that is
   * not of 2xx is no failure: its body is what the server has to say. Fails as `request` does, and with a `StreamError` of origin `User`
   * where the server does not take extended CONNECT.
   */
  readonly tunnel: (request: TunnelRequest) => Effect.Effect<Tunnel, Http2Error.Http2Error, Scope.Scope>
  /**
   * What the server promises, each promise once, whoever runs it; those that came before it is run too, up to `maxReservedStreams`. It ends with the
   * connection, and fails where that failed. Fails with a `StreamError` of origin `User` where `enablePush` is not set.
   */
  readonly pushes: Stream.Stream<Http2Push.Push, Http2Error.Http2Error>
  /**
   * What the server says of alternative services of origins that it is authoritative for (RFC 7838 §4), each once, whoever runs it. What came before it is run
   * comes too: the latest of each origin, up to 32 origins. ALTSVC of over 4,096 octets is passed over. It ends with the connection, and fails where that
   * failed. Fails with a `StreamError` of origin `User` where `enableAltSvc` is not set.
   */
  readonly alternatives: Stream.Stream<Alternative, Http2Error.Http2Error>
  readonly connection: Http2Connection
  /** Requests that wait until the server takes another stream. */
  readonly queued: () => number
  /** How many requests more would be sent at once now; 0 where the connection takes none. */
  readonly availableStreams: () => number
  /**
   * Waits until a request would be sent at once and there is room for its response (`Http2Connection.isWindowHeld`); succeeds with `availableStreams`. Others
   * who wait are told of the same streams: nothing is reserved. Fails with a `ConnectionError` once the connection takes no requests any more.
   */
  readonly awaitAvailableStreams: Effect.Effect<number, Http2Error.ConnectionError>
}

/**
 * @since 0.1.0
 * @category services
 */
export const Http2Client: Context.Service<Http2Client, Http2Client> = Context.Service(
  "@effect-http2/effect4-http2/Http2Client"
)

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Client = (u: unknown): u is Http2Client => Predicate.hasProperty(u, TypeId)

/**
 * A client over `transport`; the end of the scope closes the connection, and what is open on it fails.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  transport: Transport.Transport,
  options: ClientOptions = {}
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> => makeWith(transport, options, {})

/**
 * `make`, with a listener, which hears of alternative services in place of `alternatives`.
 *
 * @internal
 */
export const makeWith = Effect.fnUntraced(function* (
  transport: Transport.Transport,
  options: ClientOptions,
  listener: ClientListener
): Effect.fn.Return<Http2Client, Http2Error.ConnectionError, Scope.Scope> {
  const resolved = yield* Http2Options.resolve(options)
  const authority = new HeaderField(":authority", options.authority ?? "")
  const scheme = options.scheme ?? (transport.peer.tls === undefined ? "http" : "https")
  const usual = ofRequest(scheme, authority.value)
  const heard = options.enableAltSvc === true && listener.onAltSvc === undefined ? new Alternatives() : undefined
  const hearer = heard === undefined ? listener : { ...listener, onAltSvc: heard.add }
  const role = new ClientRole(listener.onCapacity, new Origins(options, transport.peer, usual, hearer))
  const config = {
    options: resolved,
    settings: Http2Options.toSettings(resolved, options.enablePush ?? false),
    stats: options.stats ?? Http2Stats.make(),
    metrics: options.metrics,
    drainAtEnd: false
  }
  const connection = yield* ConnectionScope.acquire(transport, config, role)
  role.attach(connection.engine)
  if (heard !== undefined) connection.engine.onEnd(() => heard.close())
  const clientContext = yield* Effect.context()
  const defaults = { role, authority, scheme }
  const open = (
    request: Http2ClientRequest,
    tunnel?: TunnelKind
  ): Effect.Effect<ClientStream, Http2Error.Http2Error, Scope.Scope> =>
    Effect.contextWith((context: Context.Context<Scope.Scope>) => {
      const exchange = prepare(request, defaults, context, tunnel)
      if (Http2Error.isStreamError(exchange)) return Effect.fail(exchange)
      // The finalizer stands before the request goes out: there is no moment in which it could be forgotten.
      const registered = Scope.addFinalizer(Context.get(context, Scope.Scope), cancel(exchange))
      return Effect.andThen(registered, send(exchange))
    })
  const collect = (
    request: Http2ClientRequest,
    limit: number = defaultLimit
  ): Effect.Effect<WholeResponse, Http2Error.Http2Error> =>
    Effect.contextWith((context: Context.Context<never>) => {
      const exchange = prepare(request, defaults, context)
      return Http2Error.isStreamError(exchange) ? Effect.fail(exchange) : readWhole(exchange, limit)
    })
  return {
    [TypeId]: TypeId,
    request: (request) => Effect.map(open(request), responseOf),
    collect,
    requestUnsafe: (request, listener) => {
      const exchange = prepare(request, defaults, clientContext)
      if (Http2Error.isStreamError(exchange)) {
        listener.onFailure(exchange)
        return notStarted
      }
      exchange.start({
        onResponse: (stream) => listener.onResponse(responseOf(stream)),
        onFailure: (error) => listener.onFailure(error)
      })
      return {
        cancelUnsafe: () => exchange.unsafeCancel(),
        reprioritizeUnsafe: (parameters) => exchange.unsafeReprioritize(parameters)
      }
    },
    tunnel: Effect.fnUntraced(function* (request) {
      if (request.protocol !== undefined) yield* requireConnectProtocol(connection)
      const stream = yield* open({ ...request, method: "CONNECT" }, { protocol: request.protocol })
      const response = responseOf(stream)
      return { response, tunnel: new Http2Tunnel(response, stream) }
    }),
    pushes: Http2Push.pushes(connection.engine, role.pushes),
    alternatives: alternativesOf(connection.engine, heard),
    connection,
    queued: () => role.queued,
    availableStreams: () => role.availableStreams,
    awaitAvailableStreams: awaitAvailableStreams(connection, role)
  }
})

/**
 * A client over the `Transport`, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: ClientOptions
): Layer.Layer<Http2Client, Http2Error.ConnectionError, Transport.Transport> =>
  Layer.effect(
    Http2Client,
    Effect.flatMap(Transport.Transport, (transport) => make(transport, options))
  )

/**
 * `Http2Client.request` of the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = (
  request: Http2ClientRequest
): Effect.Effect<Http2ClientResponse, Http2Error.Http2Error, Http2Client | Scope.Scope> =>
  Effect.flatMap(Http2Client, (client) => client.request(request))

/**
 * `Http2Client.collect` of the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const collect = (
  request: Http2ClientRequest,
  limit?: number
): Effect.Effect<WholeResponse, Http2Error.Http2Error, Http2Client> =>
  Effect.flatMap(Http2Client, (client) => client.collect(request, limit))

/**
 * `Http2Client.tunnel` of the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const tunnel = (
  request: TunnelRequest
): Effect.Effect<Tunnel, Http2Error.Http2Error, Http2Client | Scope.Scope> =>
  Effect.flatMap(Http2Client, (client) => client.tunnel(request))

const alternativesOf = (
  engine: Connection,
  heard: Alternatives | undefined
): Stream.Stream<Alternative, Http2Error.Http2Error> =>
  heard === undefined
    ? Stream.fail(
        Http2Error.usageError(0, undefined, "the client does not listen to ALTSVC: its option enableAltSvc is false")
      )
    : fromEvents(engine, heard.whenHeard, () => heard.take())

const awaitAvailableStreams = (
  connection: Http2Connection,
  role: ClientRole
): Effect.Effect<number, Http2Error.ConnectionError> =>
  Effect.suspend(() => {
    const { availableStreams, refusal } = role
    if (refusal !== undefined) return Effect.fail(refusal)
    if (availableStreams > 0 && !connection.isWindowHeld) return Effect.succeed(availableStreams)
    return Effect.andThen(nextEvent(role.whenCapacity), awaitAvailableStreams(connection, role))
  })

const notStarted: Started = { cancelUnsafe: () => undefined, reprioritizeUnsafe: () => undefined }

/** Extended CONNECT is for servers that announced it (RFC 8441 §3). */
const requireConnectProtocol = (connection: Http2Connection): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.flatMap(connection.awaitSettings, (settings) =>
    settings.enableConnectProtocol
      ? Effect.void
      : Effect.fail(Http2Error.usageError(0, undefined, "the server does not take extended CONNECT (RFC 8441 §3)"))
  )

/** What is not read to its end is given up. */
const readWhole = (exchange: Exchange, limit: number): Effect.Effect<WholeResponse, Http2Error.Http2Error> =>
  Effect.onError(
    Effect.flatMap(send(exchange), (stream) => {
      const body = takeWhole(stream, limit)
      return body !== undefined
        ? Effect.succeed(wholeOf(stream, body))
        : Effect.map(responseOf(stream).bytes(limit), (body) => wholeOf(stream, body))
    }),
    () => cancel(exchange)
  )

const wholeOf = (stream: ClientStream, body: Uint8Array): WholeResponse =>
  new WholeResponse(stream.head?.status ?? 0, stream.head?.headers ?? Headers.empty, body, stream.trailers)
