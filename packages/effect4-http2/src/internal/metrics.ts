/**
 * The engine's measurements as metrics of Effect, read when somebody looks: what is measured costs the numbers of the engine, and no update of a metric.
 * Called where a connection is acquired. Each `MetricRegistry` has measurements of its own, of the connections that were acquired with it.
 */
import { boundaries, Meter, type Series, unseen } from "@effect-http2/engine/Meter"
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

const nothing = (): void => {}

/** Puts `series` into the registry of `context`. */
const show = (context: Context.Context<never>, series: Series): void => {
  const { description, name } = series
  const attributes = Object.fromEntries(series.labels)
  switch (series.type) {
    case "counter":
      Metric.registerUnsafe(Metric.counter(name, { description, attributes, incremental: true }), context, {
        get: () => ({ count: series.read(), incremental: true }),
        update: nothing,
        modify: nothing
      })
      return
    case "gauge":
      Metric.registerUnsafe(Metric.gauge(name, { description, attributes }), context, {
        get: () => ({ value: series.read() }),
        update: nothing,
        modify: nothing
      })
      return
    case "histogram":
      Metric.registerUnsafe(Metric.histogram(name, { description, attributes, boundaries }), context, {
        get: () => {
          const { buckets, count, max, min, sum } = series.read()
          return { buckets, count, max, min, sum }
        },
        update: nothing,
        modify: nothing
      })
  }
}

type Role = Meter["role"]

const metersOf = /*#__PURE__*/ new WeakMap<Metric.MetricRegistry, Map<Role, Meter>>()

/** The measurements of the connections of `role` that count into the registry of `context`; where `metrics` is false, some that nobody sees. */
export const meterOf = (role: Role, context: Context.Context<never>, metrics: boolean | undefined): Meter => {
  if (metrics === false) return unseen()
  const registry = Context.get(context, Metric.MetricRegistry)
  let meters = metersOf.get(registry)
  if (meters === undefined) {
    meters = new Map()
    metersOf.set(registry, meters)
  }
  let meter = meters.get(role)
  if (meter === undefined) {
    meter = new Meter(role, true)
    meters.set(role, meter)
    const registered = Context.make(Metric.MetricRegistry, registry)
    meter.watch((series) => show(registered, series))
  }
  return meter
}
