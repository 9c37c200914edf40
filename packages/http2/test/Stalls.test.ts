/** Streams that cannot send: a reader that pauses is waited for, one that pins memory is not, nor is a peer that does not read at all. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { engines, nextTurn } from "./support/engines.js"
import { client, type Peer, server } from "./support/peer.js"
import { filled, get, headers, ok, settings, windowUpdate } from "./support/wire.js"

const body = (octets: number) => () => Effect.succeed(Http2ServerResponse.make({ body: filled(octets) }))

const noWindow = settings([Settings.Id.INITIAL_WINDOW_SIZE, 0])

const resets = (peer: Peer) => peer.frames.filter(({ _tag }) => _tag === "RstStream")

/** Lets `minutes` pass, with a peer that answers each PING. */
const pass = (peer: Peer, minutes: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < 2 * minutes; i++) {
      yield* TestClock.adjust("30 seconds")
      yield* peer.answerPing
    }
  })

describe("a reader that pauses while its peer is alive", () => {
  it.scoped("costs a download nothing: a server waits for it", () =>
    Effect.gen(function* () {
      const { peer, stats } = yield* server(body(100_000))
      yield* peer.send(noWindow, headers(1, get))
      yield* peer.await("Headers")
      yield* pass(peer, 10)
      expect(resets(peer)).toEqual([])
      expect(stats.stalledOctets).toBe(100_000 + 16_384)
      yield* peer.send(windowUpdate(1, 100_000), windowUpdate(0, 100_000))
      yield* peer.await("Data", (frame) => frame.endStream)
      expect(stats.stalledOctets).toBe(0)
    })
  )

  it.scoped("costs an upload nothing: a client waits for it", () =>
    Effect.gen(function* () {
      const settings = [[Settings.Id.INITIAL_WINDOW_SIZE, 0]] as const
      const { client: http, peer, stats } = yield* client({ settings })
      const upload = yield* Effect.fork(http.collect({ method: "POST", body: filled(100_000) }))
      yield* peer.await("Headers")
      yield* pass(peer, 10)
      expect(resets(peer)).toEqual([])
      expect(stats.stalledOctets).toBe(100_000 + 16_384)
      yield* peer.send(windowUpdate(1, 100_000), windowUpdate(0, 100_000))
      yield* peer.await("Data", (frame) => frame.endStream)
      yield* peer.send(headers(1, ok))
      expect((yield* Fiber.join(upload)).status).toBe(200)
      expect(stats.stalledOctets).toBe(0)
    })
  )

  it.effect("between two engines, in both directions, for half an hour", () =>
    engines(
      (request) =>
        request.method === "GET"
          ? Effect.succeed(Http2ServerResponse.make({ body: filled(1_000_000) }))
          : Effect.map(Effect.delay(request.bytes(), "30 minutes"), ({ length }) =>
              Http2ServerResponse.text(String(length))
            ),
      ({ client: http }) =>
        Effect.gen(function* () {
          const response = yield* http.request({})
          const upload = yield* Effect.fork(http.collect({ method: "POST", body: filled(1_000_000) }))
          for (let i = 0; i < 180; i++) {
            yield* TestClock.adjust("10 seconds")
            yield* nextTurn
          }
          expect((yield* response.bytes()).length).toBe(1_000_000)
          expect(new TextDecoder().decode((yield* Fiber.join(upload)).body)).toBe("1000000")
        })
    )
  )

  it.scoped("is asked whether it lives, with keep-alive or without", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(body(100_000), { keepAliveInterval: Duration.infinity })
      yield* peer.send(noWindow, headers(1, get))
      yield* peer.await("Headers")
      yield* TestClock.adjust("60 seconds")
      yield* peer.answerPing
      yield* TestClock.adjust("60 seconds")
      yield* peer.await("Ping", (frame) => !frame.ack)
      yield* TestClock.adjust("15 seconds")
      expect(yield* failure).toMatchObject({ limit: "pingTimeout" })
    })
  )
})

describe("maxStalledOctets", () => {
  it.scoped("CVE-2019-9511 CVE-2019-9517: beyond it those that have stood longest are reset, after stallTimeout", () =>
    Effect.gen(function* () {
      const { peer, stats } = yield* server(body(50_000), { maxStalledOctets: 150_000 })
      yield* peer.send(noWindow, headers(1, get), headers(3, get))
      yield* peer.barrier()
      yield* TestClock.adjust("20 seconds")
      yield* peer.send(headers(5, get))
      yield* peer.barrier()
      yield* pass(peer, 0.5)
      yield* TestClock.adjust("29 seconds")
      expect(resets(peer)).toEqual([])
      yield* TestClock.adjust("1 seconds")
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.CANCEL })
      yield* peer.answerPing
      yield* pass(peer, 5)
      expect(resets(peer)).toHaveLength(1)
      expect(stats.stalledOctets).toBe(2 * (50_000 + 16_384))
    })
  )

  it.scoped("CVE-2019-9511: an octet now and then does not count as taking the body", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(body(100_000), { maxStalledOctets: 100_000 })
      yield* peer.send(noWindow, headers(1, get))
      yield* peer.await("Headers")
      for (let i = 0; i < 12; i++) {
        expect(resets(peer)).toEqual([])
        yield* TestClock.adjust("5 seconds")
        yield* peer.send(windowUpdate(1, 1))
        yield* peer.barrier(i)
      }
      expect(resets(peer)).toMatchObject([{ streamId: 1, errorCode: ErrorCode.CANCEL }])
    })
  )

  it.scoped("a client's uploads too, and their requests fail with its name", () =>
    Effect.gen(function* () {
      const settings = [[Settings.Id.INITIAL_WINDOW_SIZE, 0]] as const
      const { client: http, peer } = yield* client({ settings, maxStalledOctets: 100_000 })
      const upload = yield* Effect.fork(Effect.flip(http.collect({ method: "POST", body: filled(100_000) })))
      yield* peer.await("Headers")
      yield* TestClock.adjust("30 seconds")
      yield* peer.answerPing
      yield* TestClock.adjust("30 seconds")
      expect(yield* Fiber.join(upload)).toMatchObject({ limit: "maxStalledOctets", code: ErrorCode.CANCEL })
    })
  )
})

describe("maxTotalStalledOctets", () => {
  it.scoped("CVE-2019-9517: bounds what all connections of a server hold; the longest goes, whosever it is", () =>
    Effect.gen(function* () {
      const stats = Http2Stats.make()
      const options = { stats, maxTotalStalledOctets: 100_000 }
      const first = yield* server(body(50_000), options)
      const second = yield* server(body(50_000), options)
      yield* first.peer.send(noWindow, headers(1, get))
      yield* first.peer.barrier()
      yield* TestClock.adjust("10 seconds")
      yield* second.peer.send(noWindow, headers(1, get))
      yield* second.peer.barrier()
      yield* TestClock.adjust("30 seconds")
      yield* first.peer.answerPing
      yield* second.peer.answerPing
      yield* TestClock.adjust("30 seconds")
      expect(yield* first.peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.CANCEL })
      yield* second.peer.barrier()
      expect(resets(second.peer)).toEqual([])
      expect(stats.stalledOctets).toBe(50_000 + 16_384)
    })
  )

  it.scoped("what a connection held is given back when it ends", () =>
    Effect.gen(function* () {
      const { failure, peer, stats } = yield* server(body(50_000))
      yield* peer.send(noWindow, headers(1, get))
      yield* peer.await("Headers")
      yield* pass(peer, 2)
      expect(stats.stalledOctets).toBe(50_000 + 16_384)
      yield* peer.scripted.reset
      yield* failure
      expect(stats.stalledOctets).toBe(0)
    })
  )
})

describe("a peer that does not read its socket", () => {
  it.scoped("CVE-2019-9511 CVE-2019-9517: loses its streams after stallTimeout, WINDOW_UPDATEs or not", () =>
    Effect.gen(function* () {
      const { peer, stats } = yield* server(body(1_000_000), { maxSendBuffer: 50_000, transport: { highWaterMark: 0 } })
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0x7fffffff]), windowUpdate(0, 0x70000000))
      yield* peer.send(headers(1, get), headers(3, get))
      for (let i = 0; i < 5; i++) {
        yield* TestClock.adjust("10 seconds")
        expect(stats.resetsSent).toBe(0)
        yield* peer.send(windowUpdate(1, 1), windowUpdate(3, 1), windowUpdate(0, 1))
      }
      yield* TestClock.adjust("10 seconds")
      expect(stats.resetsSent).toBe(2)
    })
  )
})
