/** What becomes of a connection on which nothing happens, or a stream that stands still, by the TestClock. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { expectEndAfter } from "./support/time.js"
import { data, filled, get, headers, post, settings, settingsAck, windowUpdate } from "./support/wire.js"

const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))

describe("idleTimeout", () => {
  it.scoped("closes a connection without streams, gracefully", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(answer, { idleTimeout: "60 seconds" })
      yield* peer.barrier()
      yield* TestClock.adjust("30 seconds")
      yield* peer.send(headers(1, get))
      yield* peer.await("Data", (frame) => frame.endStream)
      yield* TestClock.adjust("59999 millis")
      expect(connection.isDraining).toBe(false)
      yield* TestClock.adjust("1 millis")
      expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.NO_ERROR })
      yield* peer.answerPing
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 1)
      yield* connection.awaitClosed
    })
  )

  it.scoped("does not close one with a stream or a handler", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never, {
        idleTimeout: "1 seconds",
        keepAliveInterval: Duration.infinity
      })
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* TestClock.adjust("2 minutes")
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("closes a client's connection", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ idleTimeout: "60 seconds" })
      yield* TestClock.adjust("60 seconds")
      expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.NO_ERROR })
      yield* http.connection.awaitClosed
    })
  )
})

describe("keepAliveInterval and pingTimeout", () => {
  it.scoped("a PING after silence; without an answer the connection is lost", () =>
    Effect.gen(function* () {
      const {
        client: http,
        failure,
        peer
      } = yield* client({ keepAliveInterval: "20 seconds", pingTimeout: "5 seconds" })
      const request = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* peer.await("Headers")
      yield* TestClock.adjust("20 seconds")
      yield* peer.answerPing
      yield* peer.barrier()
      yield* TestClock.adjust("19 seconds")
      yield* peer.barrier(1)
      // That was a sign of life.
      yield* TestClock.adjust("19 seconds")
      expect(peer.frames.filter((frame) => frame._tag === "Ping" && !frame.ack)).toHaveLength(1)
      yield* TestClock.adjust("1 seconds")
      yield* peer.await("Ping", (frame) => !frame.ack)
      expect(yield* expectEndAfter(5000, failure)).toMatchObject({ limit: "pingTimeout" })
      expect(yield* Fiber.join(request)).toMatchObject({ processed: "unknown" })
    })
  )

  it.scoped("ping tells the round-trip time", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const pinging = yield* Effect.fork(http.connection.ping)
      const frame = yield* peer.await("Ping", (frame) => !frame.ack)
      yield* TestClock.adjust("250 millis")
      yield* peer.send(new Frame.Ping(true, frame.data))
      expect(Duration.toMillis(yield* Fiber.join(pinging))).toBe(250)
    })
  )
})

describe("stallTimeout, where nothing may be held", () => {
  const stalled = {
    stallTimeout: "60 seconds",
    maxStalledOctets: 0,
    keepAliveInterval: Duration.infinity
  } as const

  it.scoped(
    "CVE-2019-9511 CVE-2019-9517: resets a stream whose peer takes nothing of the body, WINDOW_UPDATEs or not",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(
          () => Effect.succeed(Http2ServerResponse.make({ body: filled(100_000) })),
          stalled
        )
        yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0]), headers(1, get), headers(3, get))
        yield* peer.barrier()
        yield* TestClock.adjust("40 seconds")
        // One gets credit and goes on; what the other gets is of no use to it.
        yield* peer.send(windowUpdate(1, 20_000), windowUpdate(0, 1000))
        yield* peer.await("Data")
        yield* TestClock.adjust("20 seconds")
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 3, errorCode: ErrorCode.CANCEL })
        yield* TestClock.adjust("40 seconds")
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1 })
      })
  )

  it.scoped("counts from when the body began to wait, not from when the last of it left", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.make(filled(20_000)),
        Stream.fromEffect(Effect.as(Deferred.await(gate), filled(50_000)))
      )
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body })), stalled)
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 20_000]), headers(1, get))
      yield* eventually(() => connection.activeStreams === 1)
      yield* TestClock.adjust("50 seconds")
      yield* Deferred.succeed(gate, undefined)
      yield* peer.barrier()
      yield* TestClock.adjust("59 seconds")
      yield* peer.barrier(1)
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
      yield* TestClock.adjust("1 seconds")
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.CANCEL })
    })
  )

  it.scoped("tells the handler, and interrupts it", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const body = Stream.onDone(Stream.forever(Stream.make(filled(10_000))), () => Effect.void).pipe(
        Stream.ensuring(Effect.sync(() => interrupted++))
      )
      const { peer, stats } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body })), stalled)
      yield* peer.send(headers(1, post, false), data(1, "x"))
      yield* eventually(() => stats.activeHandlers === 1)
      yield* peer.barrier()
      yield* TestClock.adjust("60 seconds")
      yield* peer.await("RstStream")
      yield* eventually(() => stats.activeHandlers === 0)
      expect(interrupted).toBe(1)
    })
  )
})

describe("a connection that failed", () => {
  it.scoped("gives the peer a second to read why, then closes", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(answer)
      yield* peer.send(settingsAck, headers(2, get))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
      yield* peer.await("GoAway")
      yield* TestClock.adjust("999 millis")
      expect(yield* peer.scripted.closed).toBe(false)
      yield* TestClock.adjust("1 millis")
      yield* eventually(() => Effect.runSync(peer.scripted.closed))
    })
  )
})
