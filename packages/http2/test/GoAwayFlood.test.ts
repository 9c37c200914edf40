/** GOAWAY without end, in both roles: counted behind the first few, and a repeated one makes nothing. A client that goes is let go. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { concat, encode, filled, get, headers } from "./support/wire.js"

const goAway = (lastStreamId: number, code: number = ErrorCode.NO_ERROR) =>
  encode(new Frame.GoAway(lastStreamId, code, filled(0)))

/** 200,000 frames: what a server and a client took seconds for. */
const flood = (frame: Uint8Array) => concat(Array.from({ length: 200_000 }, () => frame))

const calm = { _tag: "Http2ConnectionError", code: ErrorCode.ENHANCE_YOUR_CALM, limit: "glitchBurst" }

describe("GOAWAY without end", () => {
  it.scoped("at a server is stopped by glitchBurst, and nothing of what follows counts", () =>
    Effect.gen(function* () {
      const { failure, peer, stats } = yield* server(() => Effect.never)
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* peer.send(flood(goAway(0)))
      expect(yield* failure).toMatchObject(calm)
      yield* eventually(() => stats.activeHandlers === 0)
      const { activeStreams, connections, glitches, guardTrips } = stats
      expect([glitches, guardTrips, activeStreams, connections]).toEqual([1001, 1, 0, 0])
    })
  )

  it.scoped("at a client is stopped by glitchBurst; what was open fails with that", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer, stats } = yield* client()
      const answer = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* peer.await("Headers")
      yield* peer.send(flood(goAway(1)))
      expect(yield* failure).toMatchObject(calm)
      expect(yield* Fiber.join(answer)).toMatchObject(calm)
      const { activeStreams, connections, glitches, guardTrips } = stats
      expect([glitches, guardTrips, activeStreams, connections]).toEqual([1001, 1, 0, 0])
    })
  )

  it.scoped("a repeated one makes no error and no listener; one that says something new is heard", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      yield* Effect.fork(Effect.ignore(http.collect({})))
      yield* peer.await("Headers")
      const { engine } = http.connection
      let idle = 0
      const { onIdle } = engine
      engine.onIdle = (listener) => {
        idle++
        onIdle.call(engine, listener)
      }
      yield* peer.send(goAway(1))
      yield* peer.barrier(1)
      const { goneAway } = engine
      yield* peer.send(...Array.from({ length: 500 }, () => goAway(1)))
      yield* peer.barrier(2)
      expect([engine.goneAway === goneAway, idle]).toEqual([true, 1])
      yield* peer.send(goAway(1, ErrorCode.INTERNAL_ERROR))
      yield* peer.barrier(3)
      expect([engine.goneAway?.code, idle]).toEqual([ErrorCode.INTERNAL_ERROR, 1])
    })
  )

  it.scoped("the few of an honest end are none", () =>
    Effect.gen(function* () {
      const { client: http, peer, stats } = yield* client()
      yield* Effect.fork(Effect.ignore(http.collect({})))
      yield* peer.await("Headers")
      yield* peer.send(goAway(0x7fffffff), goAway(1), goAway(1, ErrorCode.INTERNAL_ERROR))
      yield* peer.barrier()
      expect([stats.glitches, http.connection.isDraining]).toEqual([0, true])
    })
  )
})

describe("a client that says GOAWAY", () => {
  it.scoped("with nothing open: the server says it too, and the connection ends cleanly [rfc9113-6.8-3]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never)
      yield* peer.barrier()
      yield* peer.send(goAway(0))
      expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.NO_ERROR, lastStreamId: 0 })
      yield* peer.scripted.end
      yield* connection.awaitClosed
    })
  )

  it.scoped("with requests open, or in the same read: they are answered before that", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server((request) =>
        Effect.orDie(Effect.as(request.bytes(), Http2ServerResponse.text("answer")))
      )
      yield* peer.barrier()
      yield* peer.send(headers(1, get, false), goAway(0), headers(3, get))
      yield* peer.await("Data", (frame) => frame.streamId === 3)
      expect(connection.isDraining).toBe(true)
      yield* peer.send(new Frame.Data(1, true, filled(0), 0, false))
      expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.NO_ERROR, lastStreamId: 3 })
      yield* peer.scripted.end
      yield* connection.awaitClosed
    })
  )
})
