/** What the peer has to do by when, and how long it may take for what it has begun, by the TestClock. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { nextTurn } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { expectEndAfter } from "./support/time.js"
import { block, encode, get, headers, ping, preface, rawFrame, settings, settingsAck } from "./support/wire.js"

const never = () => Effect.never
const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))

describe("prefaceTimeout", () => {
  for (const [what, octets] of [
    ["nothing", new Uint8Array(0)],
    ["half a preface", preface.subarray(0, 12)],
    ["a preface without SETTINGS", preface]
  ] as const) {
    it.scoped(`ends a server's connection on which ${what} comes`, () =>
      Effect.gen(function* () {
        const { failure, peer } = yield* server(answer, { silent: true, prefaceTimeout: "3 seconds" })
        yield* peer.send(octets)
        expect(yield* expectEndAfter(3000, failure)).toMatchObject({
          limit: "prefaceTimeout",
          code: ErrorCode.PROTOCOL_ERROR
        })
      })
    )
  }

  it.scoped("ends a client's connection whose server says nothing", () =>
    Effect.gen(function* () {
      const { failure } = yield* client({ silent: true, prefaceTimeout: "3 seconds" })
      expect(yield* expectEndAfter(3000, failure)).toMatchObject({ limit: "prefaceTimeout" })
    })
  )
})

describe("settingsTimeout", () => {
  it.scoped("ends a connection whose peer does not acknowledge SETTINGS", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(answer, { silent: true, settingsTimeout: "4 seconds" })
      yield* peer.send(preface, settings())
      const error = yield* expectEndAfter(4000, failure)
      expect(error).toMatchObject({ limit: "settingsTimeout", code: ErrorCode.SETTINGS_TIMEOUT })
      expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.SETTINGS_TIMEOUT })
    })
  )

  it.scoped("does not when it did", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(answer)
      yield* peer.barrier()
      yield* TestClock.adjust("100 seconds")
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("counts from the oldest SETTINGS that are not acknowledged", () =>
    Effect.gen(function* () {
      const { connection, failure, peer } = yield* server(answer, { settingsTimeout: "4 seconds" })
      yield* peer.barrier()
      yield* TestClock.adjust("60 seconds")
      const first = yield* Effect.fork(connection.updateSettings({ maxConcurrentStreams: 1 }))
      yield* TestClock.adjust("3 seconds")
      const second = yield* Effect.fork(Effect.flip(connection.updateSettings({ maxConcurrentStreams: 2 })))
      yield* TestClock.adjust("999 millis")
      yield* peer.send(settingsAck)
      yield* Fiber.join(first)
      const error = yield* expectEndAfter(3001, failure)
      expect(error).toMatchObject({ limit: "settingsTimeout", code: ErrorCode.SETTINGS_TIMEOUT })
      expect(yield* Fiber.join(second)).toBe(error)
    })
  )
})

describe("frameTimeout", () => {
  it.scoped("ends a connection on which a frame stays half sent, however slowly it comes", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(answer, { frameTimeout: "5 seconds" })
      const frame = encode(headers(1, get))
      yield* peer.barrier()
      yield* peer.send(frame.subarray(0, 10))
      for (let at = 10; at < 14; at++) {
        yield* TestClock.adjust("1 seconds")
        yield* peer.send(frame.subarray(at, at + 1))
      }
      expect(yield* expectEndAfter(1000, failure)).toMatchObject({
        limit: "frameTimeout",
        code: ErrorCode.ENHANCE_YOUR_CALM
      })
    })
  )

  it.scoped("ends a connection on which DATA dribbles, octet by octet", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(never, { frameTimeout: "5 seconds" })
      const data = rawFrame(0, 0, 1, new Uint8Array(1000))
      yield* peer.send(headers(1, get, false), data.subarray(0, 10))
      for (let at = 10; at < 14; at++) {
        yield* TestClock.adjust("1 seconds")
        yield* peer.send(data.subarray(at, at + 1))
      }
      expect(yield* expectEndAfter(1000, failure)).toMatchObject({ limit: "frameTimeout" })
    })
  )

  it.scoped("does not where DATA is slow and goes on", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(never, { frameTimeout: "5 seconds" })
      const data = rawFrame(0, 0, 1, new Uint8Array(16_000))
      yield* peer.send(headers(1, get, false), data.subarray(0, 10))
      for (let at = 10; at < 10_010; at += 2000) {
        yield* TestClock.adjust("4 seconds")
        yield* peer.send(data.subarray(at, at + 2000))
        yield* nextTurn
      }
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("does not where each frame is whole in time, though always one is half sent", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(answer, { frameTimeout: "5 seconds" })
      const frame = encode(ping(1))
      yield* peer.send(frame.subarray(0, 5))
      for (let i = 0; i < 5; i++) {
        yield* TestClock.adjust("4 seconds")
        yield* peer.send(frame.subarray(5), frame.subarray(0, 5))
        yield* peer.await("Ping", (frame) => frame.ack)
      }
      expect(connection.isDraining).toBe(false)
    })
  )
})

describe("headersTimeout", () => {
  it.scoped("ends a connection on which a field block stays half sent", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(answer, { headersTimeout: "5 seconds" })
      yield* peer.barrier()
      yield* peer.send(new Frame.Headers(1, true, false, block(get), undefined))
      yield* TestClock.adjust("4 seconds")
      yield* peer.send(new Frame.Continuation(1, false, new Uint8Array(0)))
      expect(yield* expectEndAfter(1000, failure)).toMatchObject({ limit: "headersTimeout" })
    })
  )
})
