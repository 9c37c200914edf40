/**
 * The engine's measurements as metrics of Effect, read when somebody looks: what is measured costs the numbers of the engine, and no update of a metric.
 * Called where a connection is acquired.
 *
 * A series of Effect's registry is an object with the functions `get`, `update` and `modify`. Ours get a `get` of their own, which reads the engine's number.
 */
import { boundaries, type Durations, Meter, type Series, unseen } from "@effect-http2/engine/Meter"
import { globalValue } from "effect/GlobalValue"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import * as MetricState from "effect/MetricState"

const bounds = /*#__PURE__*/ MetricBoundaries.fromIterable(boundaries)

const histogramState = ({ buckets, count, max, min, sum }: Durations): MetricState.MetricState.Histogram =>
  MetricState.histogram({ buckets, count, max, min, sum })

/** Puts `series` into the registry. */
const show = (series: Series): void => {
  const { description, name } = series
  const labels = series.labels.map(([key, value]) => MetricLabel.make(key, value))
  switch (series.type) {
    case "counter": {
      const key = MetricKey.taggedWithLabels(MetricKey.counter(name, { description, incremental: true }), labels)
      Object.assign(Metric.globalMetricRegistry.get(key), { get: () => MetricState.counter(series.read()) })
      return
    }
    case "gauge": {
      const key = MetricKey.taggedWithLabels(MetricKey.gauge(name, { description }), labels)
      Object.assign(Metric.globalMetricRegistry.get(key), { get: () => MetricState.gauge(series.read()) })
      return
    }
    case "histogram": {
      const key = MetricKey.taggedWithLabels(MetricKey.histogram(name, bounds, description), labels)
      Object.assign(Metric.globalMetricRegistry.get(key), { get: () => histogramState(series.read()) })
    }
  }
}

type Role = Meter["role"]

const meters = /*#__PURE__*/ globalValue("@effect-http2/http2/meters", () => new Map<Role, Meter>())

/** The measurements of all connections of `role` in the process; where `metrics` is false, some that nobody sees. */
export const meterOf = (role: Role, metrics: boolean | undefined): Meter => {
  if (metrics === false) return unseen()
  let meter = meters.get(role)
  if (meter === undefined) {
    meter = new Meter(role, true)
    meters.set(role, meter)
    meter.watch(show)
  }
  return meter
}
