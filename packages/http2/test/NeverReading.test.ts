/** Peers that ask for much and read nothing: what waits for them is bounded, and it does not last (CVE-2019-9511 to 9517). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { flood } from "./support/attack.js"
import { server } from "./support/peer.js"
import { filled, get, headers, settings, windowUpdate } from "./support/wire.js"

type Handler = Http2Server.Handler<never, Scope.Scope>

const never: Handler = () => Effect.never

describe("an attacker that never reads", () => {
  const floods: ReadonlyArray<readonly [string, Frame.Frame]> = [
    ["CVE-2019-9512: PINGs", new Frame.Ping(false, filled(8))],
    ["CVE-2019-9515: SETTINGS", settings()]
  ]
  for (const [title, frame] of floods) {
    it.scoped(`${title} at once are stopped by maxQueuedControlFrames`, () =>
      Effect.gen(function* () {
        const played = yield* server(never, { glitchBurst: 1e9, transport: { highWaterMark: 0 } })
        yield* played.peer.send(...Array.from({ length: 1001 }, () => frame))
        expect(yield* played.failure).toMatchObject({
          code: ErrorCode.ENHANCE_YOUR_CALM,
          limit: "maxQueuedControlFrames"
        })
      })
    )

    it.scoped(`${title} one by one are not read any more, and end it after stallTimeout`, () =>
      Effect.gen(function* () {
        const played = yield* server(never, { glitchBurst: 1e9, transport: { highWaterMark: 0 } })
        yield* flood(played, () => [frame], 1500)
        expect(played.connection.isDraining).toBe(false)
        const queued = played.peer.scripted.transport.pendingOctets()
        // About 500 answers, and the preface.
        expect(queued).toBeLessThan(17 * 520)
        yield* TestClock.adjust("60 seconds")
        expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "stallTimeout" })
      })
    )
  }

  it.scoped("CVE-2019-9514: streams that we have to reset are stopped by resetBurst", () =>
    Effect.gen(function* () {
      const played = yield* server(never, { transport: { highWaterMark: 0 } })
      yield* flood(played, (id) => [headers(id, [...get, ["bad name", ""]])])
      expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "resetBurst" })
    })
  )

  it.scoped("CVE-2019-9517: responses without a body do not pile up", () =>
    Effect.gen(function* () {
      const handler: Handler = () =>
        Effect.succeed(Http2ServerResponse.make({ headers: { "x-large": "\xff".repeat(10_000) } }))
      const played = yield* server(handler, { maxSendBuffer: 200_000, transport: { highWaterMark: 0 } })
      const { pendingOctets } = played.peer.scripted.transport
      yield* flood(played, (id) => [headers(id, get)], 300)
      expect(pendingOctets()).toBeLessThan(200_000 + 2 * 30_000)
      yield* TestClock.adjust("60 seconds")
      expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "stallTimeout" })
    })
  )

  it.scoped("CVE-2019-9517: bodies do not pile up, windows or not", () =>
    Effect.gen(function* () {
      const handler: Handler = () => Effect.succeed(Http2ServerResponse.make({ body: filled(1_000_000) }))
      const options = { maxSendBuffer: 200_000, maxConcurrentStreams: 50, transport: { highWaterMark: 0 } }
      const played = yield* server(handler, options)
      const { pendingOctets } = played.peer.scripted.transport
      yield* played.peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0x7fffffff]), windowUpdate(0, 0x70000000))
      yield* flood(played, (id) => [headers(id, get)], 60)
      expect(pendingOctets()).toBeLessThan(200_000 + 524_288 + 40_000)
      expect(played.stats.activeStreams).toBe(50)
    })
  )
})
