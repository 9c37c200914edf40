/**
 * The options of the client and their defaults. A skin hands the types out with times as it writes them; what is in here calls them by their resolved form.
 *
 * @since 0.1.0
 */
import type { ConnectionError } from "@effect-http2/engine/Http2Error"
import type { Alternative } from "@effect-http2/engine/origin/originModels"
import type * as Net from "node:net"
import type { TlsOptions } from "../socket/connect.js"
import { check, type Http1Limits, largest } from "./http1Limits.js"
import { PoolStats } from "./poolStats.js"
import { fromEnvironment, type ProxyOptions, type ProxyRules, toRules } from "./proxyRules.js"

/**
 * What responses over HTTP/1.1 are bound by.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http1Options<Time> {
  /**
   * Octets of a response's head, its status line and fields; of its trailers as well. A larger one fails the request, and its connection is closed. Default:
   * as `http2.maxHeaderListSize`, 32,768.
   */
  readonly maxHeaderSize?: number | undefined
  /**
   * How long a head may take from its first octet to its last; then the request fails, with a cause of limit `headersTimeout`, and its connection is closed.
   * How long the server takes to begin is not limited here. Default: as `http2.headersTimeout`, 10 seconds.
   */
  readonly headersTimeout?: Time | undefined
  /**
   * How long the server may be silent in the middle of a body, once all that it has sent is read; then reading fails, with a cause of limit `bodyTimeout`, and
   * the connection is closed. Default: no limit, since streams of events are silent for as long as nothing happens, and HTTP/1.1 cannot ask whether the
   * server is still there, as PING does over HTTP/2. Where a client has no such streams, a minute keeps servers that are gone from holding its requests.
   */
  readonly bodyTimeout?: Time | undefined
}

/**
 * How a pool chooses among connections that have a free stream: `fill`, the oldest, so that those that are not needed fall idle and close; `spread`, the
 * one with most free streams, for servers behind a balancer of connections.
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
export interface PoolOptions<Time> {
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
  /** Requests to an origin that wait for a free stream or connection, at most; one more fails at once, with a cause of limit `maxQueued`. Default: 65,536. */
  readonly maxQueued?: number | undefined
  /**
   * How long a request may wait for a free stream, for a dial or for a connection below the limits; then it fails, with a cause of limit `maxWait` that says
   * what was in the way, and was not sent. Behind a second of waiting at a limit the log has a warning, one for each origin until nobody waits there any
   * more. Default: 60 seconds; `Duration.infinity` for requests that are to queue for as long as it takes.
   */
  readonly maxWait?: Time | undefined
  /**
   * After how long a connection is replaced, give or take a tenth by chance, so that the connections of many clients spread over the servers behind
   * a balancer, and follow its DNS: the first request behind that time has another one opened, and takes the old one still; once it is there, the old one
   * gets no more requests, and closes when those that it has are done. One of HTTP/1.1 is closed behind the response that it has by then, and, where it
   * has none, at the next request, which goes over another one. Default: never.
   */
  readonly maxConnectionAge?: Time | undefined
  /** How long a connection without requests stays open. Default: 60 seconds. */
  readonly idleTimeout?: Time | undefined
  /** After how long a silence a connection without requests is asked by a PING whether it lives, before it is used again. Default: 15 seconds. */
  readonly probeAfter?: Time | undefined
  /** How long it may take to answer that PING, before it is replaced. Default: 2 seconds. */
  readonly probeTimeout?: Time | undefined
  /** For how long it is remembered that an origin speaks only HTTP/1.1; until then its connections are not asked one after the other. Default: 10 minutes. */
  readonly rememberProtocol?: Time | undefined
}

/**
 * The options of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions<Time, Http2Options> {
  /** Trusted authorities, client certificates, and what else there is to TLS, for all origins. */
  readonly tls?: TlsOptions | undefined
  /** How long TCP and TLS together may take. Default: 10 seconds. */
  readonly connectTimeout?: Time | undefined
  /**
   * The `http:` origins that are known to speak HTTP/2 (RFC 9113 §3.3): all, those in a list (`http://localhost:8080`), or those that a function
   * says. The others are spoken to in HTTP/1.1. Default: none.
   */
  readonly priorKnowledge?: boolean | ReadonlyArray<string> | ((origin: string) => boolean) | undefined
  readonly pool?: PoolOptions<Time> | undefined
  /** The options of HTTP/2 connections; their `idleTimeout` is that of the pool. */
  readonly http2?: Omit<Http2Options, "idleTimeout"> | undefined
  /** What responses over HTTP/1.1 are bound by. */
  readonly http1?: Http1Options<Time> | undefined
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
  readonly connectTimeout: number
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
  readonly http1: Http1Limits
  readonly proxy: ProxyRules | undefined
  /** Whether the pools are those of proxies. */
  readonly isProxy: boolean
  readonly lookup: Net.LookupFunction | undefined
  readonly reuseConnections: boolean
  readonly onAltSvc: ((alternative: Alternative) => void) | undefined
  readonly stats: PoolStats
}

const priorKnowledge = (given: ClientOptions<unknown, object>["priorKnowledge"]): ((origin: string) => boolean) => {
  if (typeof given === "function") return given
  if (given === undefined || typeof given === "boolean") return () => given === true
  const origins = new Set(given.map((origin) => (URL.canParse(origin) ? new URL(origin).origin : origin)))
  return (origin) => origins.has(origin)
}

/** How long a connection without requests stays open, in ms, where nothing is said. */
export const defaultIdleTimeout = 60_000

/**
 * Fills in the defaults; `toMillis` is how the skin writes a time. A `ConnectionError` of origin `User` for an option of HTTP/1.1 that cannot be. `http2` are the
 * limits that hold over HTTP/2, and over HTTP/1.1 where nothing else is said.
 */
export const resolve = <Time>(
  options: ClientOptions<Time, object>,
  http2: { readonly maxHeaderListSize: number; readonly headersTimeout: number },
  toMillis: (time: Time) => number
): Resolved | ConnectionError => {
  const { http1 = {}, pool = {} } = options
  const millis = (given: Time | undefined, otherwise: number): number =>
    given === undefined ? otherwise : toMillis(given)
  const limits: Http1Limits = {
    maxHeaderSize: http1.maxHeaderSize ?? Math.min(http2.maxHeaderListSize, largest),
    headersTimeout: millis(http1.headersTimeout, http2.headersTimeout),
    bodyTimeout: millis(http1.bodyTimeout, Number.POSITIVE_INFINITY)
  }
  const violation = check(limits, http1)
  if (violation !== undefined) return violation
  return {
    http1: limits,
    tls: options.tls,
    connectTimeout: millis(options.connectTimeout, 10_000),
    hasPriorKnowledge: priorKnowledge(options.priorKnowledge),
    policy: pool.policy ?? "fill",
    maxConnections: Math.max(1, pool.maxConnections ?? Number.POSITIVE_INFINITY),
    maxHttp1Connections: Math.max(1, pool.maxHttp1Connections ?? Number.POSITIVE_INFINITY),
    maxQueued: Math.max(0, pool.maxQueued ?? 65_536),
    maxWait: millis(pool.maxWait, 60_000),
    maxConnectionAge: millis(pool.maxConnectionAge, Number.POSITIVE_INFINITY),
    idleTimeout: millis(pool.idleTimeout, defaultIdleTimeout),
    probeAfter: millis(pool.probeAfter, 15_000),
    probeTimeout: millis(pool.probeTimeout, 2_000),
    rememberProtocol: millis(pool.rememberProtocol, 600_000),
    proxy: options.proxy === "environment" ? fromEnvironment(process.env) : toRules(options.proxy),
    isProxy: false,
    lookup: options.lookup,
    reuseConnections: options.reuseConnections ?? false,
    onAltSvc: options.onAltSvc,
    stats: options.stats ?? new PoolStats()
  }
}

/** The options of the pools of proxies: nothing stands on the way to those. */
export const forProxies = (options: Resolved): Resolved => ({
  ...options,
  proxy: undefined,
  hasPriorKnowledge: () => false,
  isProxy: true,
  reuseConnections: false
})
