/** What happens on connections as metrics of Effect 4, in the registry of who acquired them, and as Effect's own exporter for Prometheus writes them. */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import { describe, expect, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { engines, type Options } from "./support/engines.js"

const answer = () => Effect.succeed(Http2ServerResponse.text("a"))

/** The lines of an exchange in a registry of its own, as Prometheus reads them. */
const linesOf = (options: Options = {}): Promise<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    yield* engines(answer, ({ client }) => client.collect({ path: "/" }), options)
    return (yield* PrometheusMetrics.format()).split("\n")
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.runPromise)

describe("metrics", () => {
  it("are read by Effect's exporter for Prometheus", async () => {
    const lines = await linesOf()
    for (const role of ["server", "client"]) {
      const count = lines.find((line) => line.startsWith(`http_${role}_request_duration_count{`)) ?? ""
      expect(count).toContain('http_request_method="GET"')
      expect(count).toContain('http_response_status_code="200"')
      expect(count).not.toContain("unit=")
      expect(count.endsWith(" 1")).toBe(true)
    }
    expect(lines).toContain('http2_connections{role="server",state="open"} 0')
    expect(lines).toContain('http2_connections_opened{role="client"} 1')
    expect(lines).toContain('http2_frames{role="client",direction="sent",type="HEADERS"} 1')
    expect(lines.filter((line) => line.startsWith("http_server_request_duration_bucket{")).length).toBe(15)
  })

  it("nothing where the option is false", async () => {
    const off = { metrics: false }
    const lines = await linesOf({ server: off, client: off })
    expect(lines.filter((line) => line.includes("http"))).toEqual([])
  })
})
