/**
 * What the pools of all clients do, as metrics of Effect.
 *
 * @since 0.1.0
 */
import { boundaries } from "@effect-http2/engine/Meter"
import type * as Stats from "@effect-http2/node/client/poolStats"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"

/**
 * How long requests waited for a free stream or connection, in seconds: those that had to.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waitingTime: Metric.Metric.Histogram<number> = Metric.histogram(
  "http2.client.wait.duration",
  MetricBoundaries.fromIterable(boundaries),
  "Seconds that requests waited for a free stream or connection"
).pipe(Metric.tagged("unit", "s"))

/**
 * How many requests wait for a free stream or connection, over all clients.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waiting = Metric.counter("http2.client.waiting", {
  description: "Requests that wait for a free stream or connection"
})

/**
 * How often requests began to wait because an origin had as many connections as the options allow, over all clients; the label `limit` is the name of the
 * option, `maxConnections` or `maxHttp1Connections`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const limitsReached = Metric.counter("http2.client.limits_reached", {
  description: "Times that requests began to wait at the limit of connections",
  incremental: true
})

export const countLimit = (limit: string): void => limitsReached.unsafeUpdate(1, [MetricLabel.make("limit", limit)])

/** What the requests that wait are counted by. */
export const metrics: Stats.PoolMetrics = {
  waiting: (change) => waiting.unsafeUpdate(change, []),
  waited: (millis) => waitingTime.unsafeUpdate(millis / 1000, [])
}
