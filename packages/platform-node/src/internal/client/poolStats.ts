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
  /** Requests that were turned away because too many were waiting. */
  rejected = 0
  /** Requests that were sent a second time, because the first was not processed. */
  retries = 0
  /** Requests that were answered with 421 on a connection of another origin. */
  misdirected = 0
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
