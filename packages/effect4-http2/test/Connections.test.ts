import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as FrameLog from "@effect-http2/effect4-http2/FrameLog"
import * as MemoryTransport from "@effect-http2/effect4-http2/MemoryTransport"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { engines, eventually, nextTurn } from "./support/engines.js"
import { live, timed } from "./support/run.js"

describe("a connection", () => {
  live("PING, SETTINGS that change, what both sides know", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("hello")),
      ({ client, server }) =>
        Effect.gen(function* () {
          const settings = yield* client.connection.awaitSettings
          expect(settings.maxConcurrentStreams).toBe(7)
          yield* client.connection.ping
          yield* server.updateSettings({ maxConcurrentStreams: 3 })
          expect(client.connection.remoteSettings.maxConcurrentStreams).toBe(3)
          expect(client.availableStreams()).toBe(3)
          expect(yield* Effect.flip(server.updateSettings({ maxFrameSize: 1 }))).toMatchObject({ origin: "User" })
        }),
      { server: { maxConcurrentStreams: 7 } }
    )
  )

  live("closes gracefully: what is open finishes, what is new is refused as not processed", () => {
    const goOn = Latch.makeUnsafe(false)
    return engines(
      ({ stream }) =>
        Effect.gen(function* () {
          yield* stream.awaitDraining
          yield* goOn.await
          return Http2ServerResponse.text("finished")
        }),
      ({ client, server, serverStats }) =>
        Effect.gen(function* () {
          const open = yield* Effect.forkChild(client.collect({}))
          yield* eventually(() => serverStats.activeHandlers === 1)
          const closing = yield* Effect.forkChild(server.shutdown)
          yield* eventually(() => client.connection.isDraining)
          expect(yield* Effect.flip(client.collect({}))).toMatchObject({ processed: "no" })
          goOn.openUnsafe()
          expect((yield* Fiber.join(open)).text).toBe("finished")
          yield* Fiber.join(closing)
          yield* client.connection.awaitClosed
        })
    )
  })

  timed("gives a handler gracefulShutdownTimeout, then interrupts it and waits for what it releases", () =>
    Effect.gen(function* () {
      let isReleased = false
      const [near, far] = yield* MemoryTransport.make()
      const serving = yield* Effect.forkChild(
        Http2Server.serveTransport(
          far,
          () =>
            Effect.ensuring(
              Effect.never,
              Effect.sync(() => {
                isReleased = true
              })
            ),
          { gracefulShutdownTimeout: "5 seconds" }
        ),
        { startImmediately: true }
      )
      const client = yield* Http2Client.make(near, { authority: "test" })
      const request = yield* Effect.forkChild(Effect.flip(client.collect({})), { startImmediately: true })
      yield* client.connection.ping
      const end = yield* Effect.forkChild(Fiber.interrupt(serving))
      for (let turns = 0; turns < 20; turns++) yield* nextTurn
      yield* TestClock.adjust("4999 millis")
      expect(isReleased).toBe(false)
      yield* TestClock.adjust("2 seconds")
      expect(isReleased).toBe(true)
      expect(yield* Fiber.join(request)).toMatchObject({ _tag: "Http2StreamError" })
      yield* Effect.andThen(near.close, Fiber.join(end))
    })
  )

  timed("is closed by its server once nothing has happened on it for idleTimeout", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const server = yield* Http2Server.make(far, () => Effect.succeed(Http2ServerResponse.empty()), {
        idleTimeout: "1 minute"
      })
      const client = yield* Http2Client.make(near, { authority: "test" })
      yield* client.collect({})
      yield* TestClock.adjust("59 seconds")
      expect(server.isDraining).toBe(false)
      yield* TestClock.adjust("2 seconds")
      yield* server.awaitClosed
      yield* client.connection.awaitClosed
    })
  )

  live("that breaks fails what is open with what broke it", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make({ cutOffAfter: 20_000 })
      yield* Http2Server.make(far, (request) => Effect.as(request.bytes(), Http2ServerResponse.empty()))
      const client = yield* Http2Client.make(near, { authority: "test" })
      const error = yield* Effect.flip(client.collect({ method: "POST", body: new Uint8Array(50_000) }))
      expect(error).toMatchObject({ _tag: "Http2TransportError", reason: "Reset" })
      expect(Exit.isFailure(yield* Effect.exit(client.connection.awaitClosed))).toBe(true)
    })
  )

  live("late, in small pieces, and shown to a log of frames", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const [near, far] = yield* MemoryTransport.make({ chunkSizes: [7], delay: "1 millis" })
      const log: FrameLog.Log = (direction, frame) => void seen.push(`${direction} ${frame._tag}`)
      yield* pipe(
        far,
        FrameLog.inspect(log, "server"),
        Http2Server.make((request) => Effect.map(request.text(), Http2ServerResponse.text))
      )
      const client = yield* Http2Client.make(near, { authority: "test" })
      const whole = yield* client.collect({ method: "POST", body: Stream.make(new TextEncoder().encode("hello")) })
      expect(whole.text).toBe("hello")
      expect(seen).toContain("received Headers")
      expect(seen).toContain("sent Data")
    })
  )
})
