import { isConnectionError } from "@effect-http2/http2/Http2Error"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect } from "vitest"

const { defaults, unsafeResolve: resolve } = Http2Options

describe("Http2Options", () => {
  it("the defaults are those of the documents", () => {
    expect(resolve()).toEqual({
      maxConcurrentStreams: 100,
      maxReservedStreams: 100,
      initialWindowSize: 256 * 1024,
      connectionWindowSize: 1024 * 1024,
      maxWindowSize: 4 * 1024 * 1024,
      maxFrameSize: 16_384,
      headerTableSize: 4096,
      maxHeaderListSize: 32 * 1024,
      maxHeaderFields: 2000,
      maxHeaderBlockSize: 32 * 1024,
      maxContinuationFrames: 8,
      maxSettingsEntries: 32,
      maxSendBufferPerStream: 256 * 1024,
      maxSendBuffer: 1024 * 1024,
      maxStalledOctets: 8 * 1024 * 1024,
      maxTotalStalledOctets: 64 * 1024 * 1024,
      padding: 0,
      maxQueuedControlFrames: 1000,
      resetBurst: 200,
      resetRate: 20,
      glitchBurst: 1000,
      glitchRate: 100,
      maxOrigins: 256,
      prefaceTimeout: 10_000,
      settingsTimeout: 10_000,
      headersTimeout: 10_000,
      frameTimeout: 10_000,
      maxConnectionAge: Infinity,
      idleTimeout: 120_000,
      keepAliveInterval: 30_000,
      pingTimeout: 15_000,
      stallTimeout: 60_000,
      bodyTimeout: 60_000,
      minBodyRate: 50,
      gracefulShutdownTimeout: 30_000
    })
  })

  it("takes what is given, durations in every form, and leaves other keys alone", () => {
    const options = {
      maxConcurrentStreams: 7,
      prefaceTimeout: "3 seconds",
      idleTimeout: Duration.minutes(2),
      pingTimeout: 250,
      keepAliveInterval: Duration.infinity,
      authority: "example.com",
      toString: 3
    } as const
    expect(resolve(options)).toEqual({
      ...defaults,
      maxConcurrentStreams: 7,
      prefaceTimeout: 3000,
      idleTimeout: 120_000,
      pingTimeout: 250,
      keepAliveInterval: Infinity
    })
  })

  it.each([
    ["initialWindowSize", 0x80000000],
    ["initialWindowSize", -1],
    ["connectionWindowSize", 65_534],
    ["connectionWindowSize", 0x80000000],
    ["maxFrameSize", 16_383],
    ["maxFrameSize", 16_777_216],
    ["headerTableSize", 0x100000000],
    ["maxSendBuffer", 0],
    ["maxSendBufferPerStream", 0],
    ["maxConcurrentStreams", -1],
    ["maxConcurrentStreams", Number.NaN],
    ["glitchBurst", "many"],
    ["idleTimeout", "soon"]
  ])("refuses %s: %s, naming it", (name, value) => {
    let error: unknown
    try {
      resolve({ [name]: value })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User", processed: "no" })
    expect(isConnectionError(error) && error.message).toContain(`option ${name} cannot be ${value}`)
  })

  it("takes the values at the bounds", () => {
    for (const options of [
      { initialWindowSize: 0 },
      { initialWindowSize: 0x7fffffff },
      { connectionWindowSize: 65_535 },
      { maxFrameSize: 16_777_215 },
      { headerTableSize: 0xffffffff },
      { maxSendBuffer: Infinity },
      { maxConcurrentStreams: 0 }
    ]) {
      expect(resolve(options)).toEqual({ ...defaults, ...options })
    }
  })

  it.effect("fails typed as an effect", () =>
    Effect.gen(function* () {
      expect(yield* Http2Options.resolve({ maxFrameSize: 20_000 })).toMatchObject({ maxFrameSize: 20_000 })
      const exit = yield* Effect.exit(Http2Options.resolve({ maxFrameSize: 1 }))
      expect(Exit.isFailure(exit) && exit.cause._tag).toBe("Fail")
    })
  )

  it("says what the connection will announce", () => {
    expect(Http2Options.toSettings(resolve({ maxFrameSize: 20_000, maxHeaderListSize: 5 }), false)).toEqual({
      ...Settings.initial,
      enablePush: false,
      maxConcurrentStreams: 100,
      initialWindowSize: 262_144,
      maxFrameSize: 20_000,
      maxHeaderListSize: 5,
      noRfc7540Priorities: true
    })
  })
})
