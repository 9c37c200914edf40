/**
 * What the pools of all clients do, as metrics of Effect.
 *
 * @since 0.1.0
 */
import type { PoolMetrics } from "@effect-http2/node/client/poolStats"
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"

export const waitingTime = Metric.histogram("http2_client_waiting_time", {
  description: "Milliseconds that requests waited for a place on a connection",
  boundaries: Metric.exponentialBoundaries({ start: 1, factor: 2, count: 16 })
})

export const waiting = Metric.gauge("http2_client_waiting", {
  description: "Requests that wait for a place on a connection"
})

export const limitsReached = Metric.counter("http2_client_limits_reached", {
  description: "Times that requests began to wait at the limit of connections",
  incremental: true
})

/** What the requests that wait are counted by. */
export const metricsIn = (context: Context.Context<never>): PoolMetrics => ({
  waiting: (change) => waiting.modifyUnsafe(change, context),
  waited: (millis) => waitingTime.updateUnsafe(millis, context)
})

export const countLimit = (limit: string, context: Context.Context<never>): void =>
  Metric.withAttributes(limitsReached, { limit }).updateUnsafe(1, context)
