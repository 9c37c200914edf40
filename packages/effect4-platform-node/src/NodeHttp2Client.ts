/**
 * The `HttpClient` on our own HTTP/2. `https:` origins are asked by ALPN and spoken to in HTTP/2 or, on that same socket, in HTTP/1.1; `http:` origins in
 * HTTP/1.1, or in HTTP/2 where prior knowledge says so. Every origin has a pool of connections.
 *
 * @since 0.1.0
 */
import type * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import type * as Exchange from "@effect-http2/node/client/exchange"
import type * as Plain from "@effect-http2/node/client/poolOptions"
import * as Stats from "@effect-http2/node/client/poolStats"
import { memoize } from "@effect-http2/node/client/sameOptions"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import type * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ClientErrors from "./internal/client/clientErrors.js"
import * as Execute from "./internal/client/execute.js"
import * as Metrics from "./internal/client/poolMetrics.js"
import type * as ClientOptions from "./internal/client/options.js"
import * as Skin from "./internal/client/skin.js"
import { responseIn } from "./internal/effectInternals.js"

/**
 * The options of the client.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = ClientOptions.Options

/**
 * The pool of connections that each origin has.
 *
 * @since 0.1.0
 * @category models
 */
export type PoolOptions = Plain.PoolOptions<Duration.Input>

/**
 * What responses over HTTP/1.1 are bound by.
 *
 * @since 0.1.0
 * @category models
 */
export type Http1Options = Plain.Http1Options<Duration.Input>

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  PoolPolicy
} from "@effect-http2/node/client/poolOptions"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  ProxyOptions
} from "@effect-http2/node/client/proxyRules"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Protocol
} from "@effect-http2/node/client/exchange"

/**
 * Called for each informational response (1xx) as it arrives.
 *
 * @since 0.1.0
 * @category models
 */
export type OnInformational = Execute.OnInformational

/**
 * Counters of what the pools of a client do. They are plain numbers, to be read at any time.
 *
 * @since 0.1.0
 * @category models
 */
export type PoolStats = Stats.PoolStats

/**
 * Counters, all 0, to be given as the option `stats`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStats = (): PoolStats => new Stats.PoolStats()

/**
 * How long requests waited for a free stream or connection, in seconds: a histogram over all clients, of the requests that had to wait.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waitingTime: Metric.Histogram<number> = Metrics.waitingTime

/**
 * How many requests wait for a free stream or connection, over all clients.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waiting: Metric.Gauge<number> = Metrics.waiting

/**
 * How often requests began to wait because an origin had as many connections as the options allow, over all clients; the attribute `limit` is the name of the
 * option, `maxConnections` or `maxHttp1Connections`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const limitsReached: Metric.Counter<number> = Metrics.limitsReached

/**
 * A client, whose connections are closed at the end of the scope. What is open then fails. Fails with a `ConnectionError` of origin `User` for an option
 * that cannot be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<HttpClient.HttpClient, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.map(Skin.make(options), (pools) => Execute.makeClient(pools, options.decompress ?? false))

/** Values of Effect by what they hold; functions, counters and other objects by who they are. */
const equals = (one: unknown, other: unknown): boolean => Equal.isEqual(one) && Equal.equals(one, other)

/**
 * The client as a layer, in the place of `NodeHttpClient.layerNodeHttp` and `NodeHttpClient.layerUndici`. Dies with an option that cannot be.
 *
 * The same options give the same layer, so that two parts of a program that each provide it have one client, with one pool for each origin, as they have with
 * the stock layers, which are constants. Options are the same that hold the same; functions, counters and other objects are compared by who they are.
 * `Layer.fresh` makes a client of its own.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
 * import * as Effect from "effect/Effect"
 * import * as HttpClient from "effect/http/HttpClient"
 *
 * const program = HttpClient.get("https://example.com/").pipe(Effect.flatMap((response) => response.text))
 *
 * program.pipe(Effect.provide(NodeHttp2Client.layer()))
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> => layerOf(options)

const layerOf = memoize(
  (options: Options): Layer.Layer<HttpClient.HttpClient> => layerFrom(Effect.orDie(make(options))),
  equals
)

/** Requests take from the context of the layer what their own does not have, as with the stock layers. */
const layerFrom = <E>(
  client: Effect.Effect<HttpClient.HttpClient, E, Scope.Scope>
): Layer.Layer<HttpClient.HttpClient, E> =>
  Layer.effect(HttpClient.HttpClient)(
    Effect.gen(function* () {
      const context = yield* Effect.context()
      return HttpClient.transformResponse(
        yield* client,
        Effect.updateContext((input: Context.Context<never>) => Context.merge(context, input))
      )
    })
  )

/**
 * `layer`, with options that are read from the configuration. The same Configs give the same layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: Config.Wrap<Options>): Layer.Layer<HttpClient.HttpClient, Config.ConfigError> =>
  layerConfigOf(options)

const layerConfigOf = memoize(
  (options: Config.Wrap<Options>): Layer.Layer<HttpClient.HttpClient, Config.ConfigError> =>
    layerFrom(Effect.flatMap(Config.unwrap(options), (options) => Effect.orDie(make(options)))),
  equals
)

/**
 * The protocol that a response came by. None for a response of another client.
 *
 * @since 0.1.0
 * @category getters
 */
export const protocolOf = (response: HttpClientResponse.HttpClientResponse): Option.Option<Exchange.Protocol> =>
  Option.map(responseIn(response), ({ protocol }) => protocol)

/**
 * The fields behind the body of a response, empty where there were none. Waits until the body has arrived to its end; one that exceeds the flow-control
 * window has to be read for that, and one of HTTP/1.1 in any case. Fails as reading the body does. None for a response of another client.
 *
 * @since 0.1.0
 * @category getters
 */
export const trailersOf = (
  response: HttpClientResponse.HttpClientResponse
): Option.Option<Effect.Effect<Headers.Headers, HttpClientError.HttpClientError>> =>
  Option.map(responseIn(response), ({ trailers }) => trailers)

/**
 * What an error of this client came of, with what HTTP/2 knows of it: the code of RFC 9113 §7, whose fault it was, whether the server may have processed
 * the request. The error's own `cause` is what the stock clients have there: the error of the user's own body, or that of the system (`ECONNREFUSED`). None
 * for the error of another client, and for one that is no failure of a connection or a stream: an invalid URL, a body that is no JSON.
 *
 * @since 0.1.0
 * @category getters
 */
export const http2ErrorOf = (error: HttpClientError.HttpClientError): Option.Option<Http2Error.Http2Error> =>
  Option.fromUndefinedOr(ClientErrors.http2ErrorOf(error))

/**
 * Calls `onInformational` for each informational response (103 Early Hints, for instance) to the requests of `effect`, as it arrives.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withInformational: {
  (onInformational: OnInformational): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, onInformational: OnInformational): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, onInformational: OnInformational) =>
  Effect.provideService(effect, Execute.CurrentOnInformational, onInformational)
)
