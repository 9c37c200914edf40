/**
 * The options of the client and their defaults. `NodeHttp2Client` hands the types out; what is in here calls them by their resolved form.
 *
 * @since 0.1.0
 */
import * as Http2Options from "@effect-http2/http2/Http2Options"
import type { Alternative } from "@effect-http2/http2/Http2Origin"
import { type ConnectionError, isConnectionError } from "@effect-http2/http2/Http2Error"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import type { TlsOptions } from "../../../NodeTransport.js"
import type { Http1Limits } from "@effect-http2/node/client/http1Limits"
import * as Http1Options from "../wire/http1Options.js"
import { PoolStats } from "@effect-http2/node/client/poolStats"
import { fromEnvironment, type ProxyOptions, type ProxyRules, toRules } from "@effect-http2/node/client/proxyRules"

/**
 * How a pool chooses among connections that have a place: `fill`, the oldest, so that those that are not needed fall idle and close; `spread`, the
 * one with most places, for servers behind a balancer of connections.
 *
 * @since 0.1.0
 * @category models
 */
export type PoolPolicy = "fill" | "spread"

/**
 * The pool of connections that each origin has.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolOptions {
  /** Default: `fill`. */
  readonly policy?: PoolPolicy | undefined
  /**
   * HTTP/2 connections to an origin, at most; another one is opened, one after the other, only when all have as many streams as the server allows, or
   * bodies that nobody reads hold their windows, and requests wait. Default: no limit, as the agents of `node:http` and undici have none: with one, a request behind streams that stay open, as those of
   * events do, would never start. There are never more connections than requests at once, and a server that allows no streams gets no second one.
   */
  readonly maxConnections?: number | undefined
  /**
   * Connections to an origin that speaks HTTP/1.1, at most: there each carries one request at a time. Default: no limit, as with the agents of
   * `node:http` and undici.
   */
  readonly maxHttp1Connections?: number | undefined
  /** Requests to an origin that wait for a place, at most; one more fails at once, with a cause of limit `maxQueued`. Default: 65,536. */
  readonly maxQueued?: number | undefined
  /**
   * How long a request may wait for a place, for a dial or for a connection below the limits; then it fails, with a cause of limit `maxWait` that says
   * what was in the way, and was not sent. Behind a second of waiting at a limit the log has a warning, one for each origin until nobody waits there any
   * more. Default: 60 seconds; `Duration.infinity` for requests that are to queue for as long as it takes.
   */
  readonly maxWait?: Duration.DurationInput | undefined
  /**
   * After how long a connection is replaced, give or take a tenth by chance, so that the connections of many clients spread over the servers behind
   * a balancer, and follow its DNS: the first request behind that time has another one opened, and takes the old one still; once it is there, the old one
   * gets no more requests, and closes when those that it has are done. One of HTTP/1.1 is closed behind the response that it has by then, and, where it
   * has none, at the next request, which goes over another one. Default: never.
   */
  readonly maxConnectionAge?: Duration.DurationInput | undefined
  /** How long a connection without requests stays open. Default: 60 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** After how long a silence a connection without requests is asked by a PING whether it lives, before it is used again. Default: 15 seconds. */
  readonly probeAfter?: Duration.DurationInput | undefined
  /** How long it may take to answer that PING, before it is replaced. Default: 2 seconds. */
  readonly probeTimeout?: Duration.DurationInput | undefined
  /** For how long it is remembered that an origin speaks only HTTP/1.1; until then its connections are not asked one after the other. Default: 10 minutes. */
  readonly rememberProtocol?: Duration.DurationInput | undefined
}

/**
 * The options of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Trusted authorities, client certificates, and what else there is to TLS, for all origins. */
  readonly tls?: TlsOptions | undefined
  /** How long TCP and TLS together may take. Default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /**
   * The `http:` origins that are known to speak HTTP/2 (RFC 9113 §3.3): all, those in a list (`http://localhost:8080`), or those that a function
   * says. The others are spoken to in HTTP/1.1. Default: none.
   */
  readonly priorKnowledge?: boolean | ReadonlyArray<string> | ((origin: string) => boolean) | undefined
  readonly pool?: PoolOptions | undefined
  /** The options of HTTP/2 connections; their `idleTimeout` is that of the pool. */
  readonly http2?: Omit<Http2Options.Http2Options, "idleTimeout"> | undefined
  /** What responses over HTTP/1.1 are bound by. */
  readonly http1?: Http1Options.Http1Options | undefined
  /** `environment`: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, in capitals or not. Default: no proxy. */
  readonly proxy?: "environment" | ProxyOptions | undefined
  /** Finds the addresses of a host. Default: `dns.lookup`. */
  readonly lookup?: Net.LookupFunction | undefined
  /**
   * Whether a request to an `https:` origin may go over a connection of HTTP/2 that is open for another one (RFC 9113 §9.1.1): where the certificate is
   * good for its host, and the server has said by ORIGIN that it answers for it (RFC 8336), or has said nothing and the host has the address and
   * port of that connection. What an ORIGIN frame says is not checked by DNS: who has a certificate for a host may then answer for it. A 421 is
   * answered by a connection of the origin's own, where the body can be sent again. With `tls.servername` nothing is reused. Default: false.
   */
  readonly reuseConnections?: boolean | undefined
  /** Called for each ALTSVC frame (RFC 7838 §4) about an origin that its server is authoritative for; nothing else comes of it. */
  readonly onAltSvc?: ((alternative: Alternative) => void) | undefined
  /** Counters to add to. */
  readonly stats?: PoolStats | undefined
}

/** The options with every default filled in; times in ms. */
export interface Resolved {
  readonly tls: TlsOptions | undefined
  readonly connectTimeout: Duration.DurationInput | undefined
  readonly hasPriorKnowledge: (origin: string) => boolean
  readonly policy: PoolPolicy
  readonly maxConnections: number
  readonly maxHttp1Connections: number
  readonly maxQueued: number
  readonly maxWait: number
  readonly maxConnectionAge: number
  readonly idleTimeout: number
  readonly probeAfter: number
  readonly probeTimeout: number
  readonly rememberProtocol: number
  readonly http2: Http2Options.Http2Options
  readonly http1: Http1Limits
  readonly proxy: ProxyRules | undefined
  /** Whether the pools are those of proxies. */
  readonly isProxy: boolean
  readonly lookup: Net.LookupFunction | undefined
  readonly reuseConnections: boolean
  readonly onAltSvc: ((alternative: Alternative) => void) | undefined
  readonly stats: PoolStats
}

const millis = (given: Duration.DurationInput | undefined, otherwise: Duration.DurationInput): number =>
  Duration.toMillis(given ?? otherwise)

const priorKnowledge = (given: Options["priorKnowledge"]): ((origin: string) => boolean) => {
  if (typeof given === "function") return given
  if (given === undefined || typeof given === "boolean") return () => given === true
  const origins = new Set(given.map((origin) => (URL.canParse(origin) ? new URL(origin).origin : origin)))
  return (origin) => origins.has(origin)
}

/** Fails with a `ConnectionError` of origin `User` for an option of a protocol that cannot be. */
export const resolve = (options: Options): Effect.Effect<Resolved, ConnectionError> =>
  Effect.suspend(() => {
    const { pool = {} } = options
    const idleTimeout = millis(pool.idleTimeout, "60 seconds")
    const http2: Http2Options.Http2Options = { ...options.http2, idleTimeout }
    const limits = Effect.flatMap(Http2Options.resolve(http2), (resolved) => {
      const http1 = Http1Options.resolve(options.http1 ?? {}, resolved)
      return isConnectionError(http1) ? Effect.fail(http1) : Effect.succeed(http1)
    })
    return Effect.map(limits, (http1) => ({
      http1,
      tls: options.tls,
      connectTimeout: options.connectTimeout,
      hasPriorKnowledge: priorKnowledge(options.priorKnowledge),
      policy: pool.policy ?? "fill",
      maxConnections: Math.max(1, pool.maxConnections ?? Number.POSITIVE_INFINITY),
      maxHttp1Connections: Math.max(1, pool.maxHttp1Connections ?? Number.POSITIVE_INFINITY),
      maxQueued: Math.max(0, pool.maxQueued ?? 65_536),
      maxWait: millis(pool.maxWait, "60 seconds"),
      maxConnectionAge: millis(pool.maxConnectionAge, Duration.infinity),
      idleTimeout,
      probeAfter: millis(pool.probeAfter, "15 seconds"),
      probeTimeout: millis(pool.probeTimeout, "2 seconds"),
      rememberProtocol: millis(pool.rememberProtocol, "10 minutes"),
      http2,
      proxy: options.proxy === "environment" ? fromEnvironment(process.env) : toRules(options.proxy),
      isProxy: false,
      lookup: options.lookup,
      reuseConnections: options.reuseConnections ?? false,
      onAltSvc: options.onAltSvc,
      stats: options.stats ?? new PoolStats()
    }))
  })
