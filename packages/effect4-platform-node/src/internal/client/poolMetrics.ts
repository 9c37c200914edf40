/**
 * What the pools of all clients do, as metrics of Effect.
 *
 * @since 0.1.0
 */
import { boundaries } from "@effect-http2/engine/Meter"
import type { PoolMetrics } from "@effect-http2/node/client/poolStats"
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"

export const waitingTime = Metric.histogram("http2.client.wait.duration", {
  description: "Seconds that requests waited for a free stream or connection",
  attributes: { unit: "s" },
  boundaries
})

export const waiting = Metric.gauge("http2.client.waiting", {
  description: "Requests that wait for a free stream or connection"
})

export const limitsReached = Metric.counter("http2.client.limits_reached", {
  description: "Times that requests began to wait at the limit of connections",
  incremental: true
})

/** What the requests that wait are counted by. */
export const metricsIn = (context: Context.Context<never>): PoolMetrics => ({
  waiting: (change) => waiting.modifyUnsafe(change, context),
  waited: (millis) => waitingTime.updateUnsafe(millis / 1000, context)
})

export const countLimit = (limit: string, context: Context.Context<never>): void =>
  Metric.withAttributes(limitsReached, { limit }).updateUnsafe(1, context)
