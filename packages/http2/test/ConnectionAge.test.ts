/** Connections that close because they are old, in both roles, by the TestClock. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { client, server } from "./support/peer.js"
import { get, headers, ok } from "./support/wire.js"

const options = {
  maxConnectionAge: "100 seconds",
  gracefulShutdownTimeout: "60 seconds",
  idleTimeout: Duration.infinity,
  keepAliveInterval: Duration.infinity,
  pingTimeout: Duration.infinity
} as const

describe("maxConnectionAge", () => {
  it.scoped(
    "a server closes no sooner than a tenth before, no later than a tenth behind, and lets what is open finish within the grace",
    () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* server(
          () => Effect.succeed(Http2ServerResponse.make({ body: Stream.never })),
          options
        )
        yield* peer.send(headers(1, get))
        yield* peer.await("Headers")
        yield* TestClock.adjust("89999 millis")
        yield* peer.barrier()
        expect(connection.isDraining).toBe(false)
        yield* TestClock.adjust("20002 millis")
        expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.NO_ERROR })
        yield* peer.answerPing
        yield* peer.await("GoAway", (frame) => frame.lastStreamId === 1)
        expect(connection.activeStreams).toBe(1)
        yield* TestClock.adjust("60 seconds")
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1 })
        yield* connection.awaitClosed
      })
  )

  it.scoped("a client does so too, after the request that is under way", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client(options)
      const request = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* TestClock.adjust("89999 millis")
      yield* peer.barrier()
      expect(http.connection.isDraining).toBe(false)
      yield* TestClock.adjust("20002 millis")
      yield* peer.await("GoAway")
      expect(http.connection.activeStreams).toBe(1)
      yield* peer.send(headers(1, ok))
      expect((yield* Fiber.join(request)).status).toBe(200)
      yield* http.connection.awaitClosed
    })
  )

  it.scoped("connections that began together end apart", () =>
    Effect.gen(function* () {
      const servers = yield* Effect.replicateEffect(
        server(() => Effect.never, options),
        30
      )
      yield* TestClock.adjust("100 seconds")
      const ended = servers.filter(({ connection }) => connection.isDraining).length
      expect(ended).toBeGreaterThan(0)
      expect(ended).toBeLessThan(30)
    })
  )
})
