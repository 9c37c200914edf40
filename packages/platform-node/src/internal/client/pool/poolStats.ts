/**
 * Counters of what the pools of a client do: plain numbers, written as they go, and the waiting time as a metric of Effect.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

/**
 * The counters of a client. Give one to several clients to have their sum.
 *
 * @since 0.1.0
 * @category models
 */
export class PoolStats {
  /** Connections that were tried to be opened, and those of them that were not. */
  dials = 0
  dialsFailed = 0
  /** HTTP/2 connections, and connections of HTTP/1.1, that are open now. */
  connections = 0
  http1Connections = 0
  /** Requests that wait for a place now, that had to wait since the start, and the ms that they waited in all. */
  waiting = 0
  waited = 0
  waitedMillis = 0
  /** Requests that were turned away because too many were waiting, and those that had waited for too long. */
  rejected = 0
  expired = 0
  /** How often requests began to wait because an origin had as many connections as the options allow. */
  limitsReached = 0
  /** Connections that were replaced because of their age. */
  aged = 0
  /** Requests that were sent a second time, because the first was not processed. */
  retries = 0
  /** Requests that were answered with 421 on a connection of another origin. */
  misdirected = 0
  /** Responses over HTTP/1.1 that went beyond what the options, or 32 informational ones before it, allow, and were given up. */
  http1LimitsExceeded = 0
  /** Connections that did not answer a probe, and were replaced. */
  probesFailed = 0
}

/**
 * How long requests waited for a place on a connection, in ms: those that had to.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waitingTime = Metric.histogram(
  "http2_client_waiting_time",
  MetricBoundaries.exponential({ start: 1, factor: 2, count: 16 }),
  "Milliseconds that requests waited for a place on a connection"
)

/**
 * How many requests wait for a place on a connection, over all clients.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waiting = Metric.counter("http2_client_waiting", {
  description: "Requests that wait for a place on a connection"
})

/**
 * How often requests began to wait because an origin had as many connections as the options allow, over all clients; the label `limit` is the name of the
 * option, `maxConnections` or `maxHttp1Connections`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const limitsReached = Metric.counter("http2_client_limits_reached", {
  description: "Times that requests began to wait at the limit of connections",
  incremental: true
})
