import { describe, expect, it } from "vitest"
import { parse } from "../src/load/h2loadOutput.js"

const timed = `starting benchmark...
spawning thread #0: 10 total client(s). Timing-based test with 0.5s of warm-up time and 1s of main duration for measurements.
Warm-up started for thread #0.
progress: 10% of clients started
TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
Application protocol: h2
Warm-up phase is over for thread #0.
Main benchmark duration is started for thread #0.
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 1.50s, 640500.00 req/s, 25.04MB/s
requests: 640500 total, 640500 started, 640500 done, 640500 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 640499 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 25.04MB (26260730) total, 10.06MB (10544540) headers (space savings 93.75%), 10.97MB (11502000) data
                     min         max         mean         sd        +/- sd
time for request:      228us      4.16ms      1.54ms        99us    98.59%
req/s           :   63917.09    64224.15    63972.72       97.39    90.00%
`

const withCounts = (requests: string, codes: string): string =>
  timed.replace(/^requests: .*$/m, `requests: ${requests}`).replace(/^status codes: .*$/m, `status codes: ${codes}`)

describe("h2load's output", () => {
  it("holds rate, counts, octets and cipher", () => {
    expect(parse(timed)).toEqual({
      succeeded: 640500,
      failed: 0,
      rate: 640500,
      octets: 11502000,
      cipher: "TLS_AES_128_GCM_SHA256"
    })
  })

  it("has no cipher without TLS", () => {
    expect(parse(timed.replace(/^Cipher.*\n/m, "")).cipher).toBeUndefined()
  })

  it("takes octets from the rounded figure where there is no exact one", () => {
    expect(parse(timed.replace(" (11502000) data", " data")).octets).toBeCloseTo(10.97 * 1024 * 1024)
  })

  it.each([
    [
      "responses of 404",
      "90 total, 90 started, 90 done, 0 succeeded, 90 failed, 0 errored, 0 timeout",
      "0 2xx, 0 3xx, 90 4xx, 0 5xx",
      90
    ],
    [
      "lost connections",
      "90 total, 90 started, 90 done, 80 succeeded, 10 failed, 10 errored, 0 timeout",
      "80 2xx, 0 3xx, 0 4xx, 0 5xx",
      10
    ],
    [
      "timeouts",
      "90 total, 90 started, 90 done, 88 succeeded, 2 failed, 2 errored, 2 timeout",
      "88 2xx, 0 3xx, 0 4xx, 0 5xx",
      2
    ],
    [
      "redirections",
      "90 total, 90 started, 90 done, 90 succeeded, 0 failed, 0 errored, 0 timeout",
      "85 2xx, 5 3xx, 0 4xx, 0 5xx",
      5
    ]
  ])("counts %s as failures", (_what, requests, codes, failed) => {
    expect(parse(withCounts(requests, codes)).failed).toBe(failed)
  })

  it.each([
    "",
    "connection refused",
    timed.slice(0, timed.indexOf("status codes")),
    timed.replace(" succeeded", " fine")
  ])("is refused where lines are missing (%#)", (output) => {
    expect(() => parse(output)).toThrow("h2load printed no")
  })
})
