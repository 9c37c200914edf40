/** What happens on connections as metrics of Effect, by OpenTelemetry's names; their labels are few whatever a peer sends. */
import { readFileSync } from "node:fs"
import { Meter, names } from "@effect-http2/engine/Meter"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { engines } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { filled, get, headers, reset as rstStream, settings } from "./support/wire.js"
import * as Settings from "@effect-http2/http2/Settings"

type Labels = Readonly<Record<string, string>>

const labelsOf = (pair: MetricPair.MetricPair.Untyped): Labels =>
  Object.fromEntries([...pair.metricKey.tags].map(({ key, value }) => [key, value]))

const matches = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value)

/** The sum of the series of `name` that have `labels`: of histograms, how often. */
const value = (name: string, labels: Labels = {}): number =>
  Metric.unsafeSnapshot()
    .filter((pair) => pair.metricKey.name === name && matches(labelsOf(pair), labels))
    .reduce((sum, { metricState }) => {
      if (MetricState.isCounterState(metricState)) return sum + Number(metricState.count)
      if (MetricState.isGaugeState(metricState)) return sum + Number(metricState.value)
      return MetricState.isHistogramState(metricState) ? sum + metricState.count : sum
    }, 0)

/** By how much `read` has changed behind `use`. */
const change = <A, E, R>(read: () => number, use: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const before = read()
    return Effect.map(use, () => read() - before)
  })

const answer = () => Effect.succeed(Http2ServerResponse.text("a"))

describe("metrics", () => {
  it.effect("count a request and its time in both roles", () =>
    Effect.gen(function* () {
      const labels = {
        "http.request.method": "GET",
        "http.response.status_code": "200",
        "network.protocol.version": "2",
        "url.scheme": "http"
      }
      const read = (role: string) => () => value(`http.${role}.request.duration`, labels)
      const exchange = engines(answer, ({ client }) => client.collect({ path: "/" }))
      expect(yield* change(read("server"), exchange)).toBe(1)
      expect(yield* change(read("client"), exchange)).toBe(1)
    })
  )

  it.effect("have the seconds that a request took, and count it as active until then", () =>
    Effect.gen(function* () {
      const labels = { "http.request.method": "PATCH" }
      const slow = () => Effect.delay(answer(), "2 seconds")
      const during = yield* engines(slow, ({ client }) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(client.collect({ method: "PATCH", path: "/" }))
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          const active = value("http.server.active_requests", labels)
          yield* TestClock.adjust("2 seconds")
          yield* fiber.await
          return active
        })
      )
      expect(during).toBe(1)
      expect(value("http.server.active_requests", labels)).toBe(0)
      const states = Metric.unsafeSnapshot().flatMap((pair) =>
        pair.metricKey.name === "http.server.request.duration" &&
        matches(labelsOf(pair), labels) &&
        MetricState.isHistogramState(pair.metricState)
          ? [pair.metricState]
          : []
      )
      expect(states.map(({ buckets, sum }) => [sum, buckets.find(([, count]) => count > 0)?.[0]])).toEqual([[2, 2.5]])
    })
  )

  it.effect("a failure of the handler, and of the status", () =>
    Effect.gen(function* () {
      const read = () => value("http.server.request.duration", { "error.type": "500" })
      const failing = () => Effect.succeed(Http2ServerResponse.empty({ status: 500 }))
      expect(
        yield* change(
          read,
          engines(failing, ({ client }) => client.collect({ path: "/" }))
        )
      ).toBe(1)
    })
  )

  it.scoped("a reset by the peer, by its code; one that has no name with the others", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.never)
      const cancelled = () =>
        value("http2.resets", { role: "server", direction: "received", code: "CANCEL" }) * 100 +
        value("http.server.request.duration", { "error.type": "CANCEL" }) * 10 +
        value("http2.handlers.interrupted")
      const other = () =>
        value("http2.resets", { role: "server", direction: "received", code: "_OTHER" }) * 10 +
        value("http.server.request.duration", { "error.type": "_OTHER" })
      const reset = (id: number, code: number) =>
        Effect.zipRight(peer.send(headers(id, get), rstStream(id, code)), peer.barrier(id))
      expect(yield* change(cancelled, reset(1, ErrorCode.CANCEL))).toBeGreaterThanOrEqual(110)
      expect(yield* change(other, reset(3, 0xdead))).toBe(11)
      expect(yield* change(other, reset(5, 0xffffffff))).toBe(11)
    })
  )

  it.effect("connections, streams and frames, by role and direction", () =>
    Effect.gen(function* () {
      const role = "client"
      const during = yield* change(
        () => value("http2.frames", { role, direction: "sent", type: "HEADERS" }),
        engines(answer, ({ client }) =>
          Effect.gen(function* () {
            yield* client.collect({ path: "/" })
            expect(value("http2.connections", { role, state: "open" })).toBeGreaterThanOrEqual(1)
          })
        )
      )
      expect(during).toBe(1)
      expect(value("http2.connections", { role })).toBe(0)
      expect(value("http2.streams", { role })).toBe(0)
    })
  )

  it.scoped("a body that waits for a window, and a budget that was used up", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(100) })))
      const stalls = () => value("http2.window.stalls", { role: "server", window: "stream" })
      const stall = Effect.zipRight(
        peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 10]), headers(1, get)),
        peer.await("Data")
      )
      expect(yield* change(stalls, stall)).toBe(1)
      const tripped = () => value("http2.budgets.tripped", { role: "server", limit: "maxSettingsEntries" })
      const many = Array.from({ length: 33 }, () => [Settings.Id.MAX_FRAME_SIZE, 16_384] as const)
      expect(yield* change(tripped, Effect.zipRight(peer.send(settings(...many)), peer.await("GoAway")))).toBe(1)
    })
  )

  it.effect("nothing where the option is false", () =>
    Effect.gen(function* () {
      const all = () =>
        ["http.server.request.duration", "http2.frames", "http2.connections.opened"].map((name) => value(name))
      const before = all()
      const off = { metrics: false }
      yield* engines(answer, ({ client }) => client.collect({ path: "/" }), { server: off, client: off })
      expect(all()).toEqual(before)
    })
  )

  it.scoped(
    "of a client whose server answers with what it likes: a status that is not registered is x00 of its class",
    () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client()
        const read = () =>
          value("http.client.request.duration", { "http.response.status_code": "400", "error.type": "400" })
        const request = Effect.gen(function* () {
          const fiber = yield* Effect.fork(http.collect({ path: "/" }))
          yield* peer.await("Headers")
          yield* peer.send(headers(1, [[":status", "499"]]))
          return yield* fiber.await
        })
        expect(yield* change(read, request)).toBe(1)
      })
  )
})

describe("the series of a meter", () => {
  it("are few, whatever a peer sends", () => {
    const meter = new Meter("server", true)
    const seen = new Set<string>()
    meter.watch(({ labels, name }) => seen.add(JSON.stringify([name, labels])))
    const fixed = seen.size
    for (let i = 0; i < 2000; i++) {
      const kind = meter.begin(`M${i}`, `scheme${i}`)
      meter.end(kind, 200 + (i % 400), i * 77 + 20, 1)
      meter.framesReceived.add(i % 256)
      meter.resetsReceived.add(i * 1000)
    }
    // One method, one scheme, one error; the statuses that are registered, and one for each class.
    expect(seen.size - fixed).toBeLessThan(70)
    expect([...seen].filter((series) => series.includes("M1") || series.includes("scheme1"))).toEqual([])
  })

  it("count a frame whose type is not known with the others, and of that one alone", () => {
    const { framesReceived } = new Meter("server", true)
    for (const type of [0, 0, 11, 17, 255]) framesReceived.add(type)
    expect(framesReceived.of(0)).toBe(2)
    expect(framesReceived.of(framesReceived.names.length - 1)).toBe(3)
    expect(framesReceived.names[12]).toBe("ORIGIN")
    expect(framesReceived.names[16]).toBe("PRIORITY_UPDATE")
  })
})

describe("docs/metrics.md", () => {
  it("lists what is measured, each with its description", () => {
    const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8")
    const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()))
    const listed = new Map(rows.map((cells) => [cells[1], cells[4]]))
    for (const [name, description] of Object.entries(names)) expect(listed.get(`\`${name}\``)).toBe(description)
  })
})
