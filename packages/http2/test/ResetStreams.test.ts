/** A stream that we reset, until the peer is known to know (RFC 9113 §5.1, closed): a PING behind the RST_STREAM tells, and no time does. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Frame from "@effect-http2/http2/Frame"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, type Peer, server } from "./support/peer.js"
import { data, headers, ok, post, windowUpdate } from "./support/wire.js"

/** Nothing else ends the connection in the hours of these tests. */
const patient = { pingTimeout: "3 hours", idleTimeout: "9 hours", keepAliveInterval: "9 hours" } as const

/** The PING behind the next RST_STREAM. */
const pingBehindReset = (peer: Peer): Effect.Effect<Frame.Ping> =>
  Effect.zipRight(
    peer.await("RstStream"),
    peer.await("Ping", (frame) => !frame.ack)
  )

const resets = (peer: Peer): ReadonlyArray<number> =>
  peer.frames.flatMap((frame) => (frame._tag === "RstStream" ? [frame.errorCode] : []))

describe("[rfc9113-5.1-10] [rfc9113-5.4.2-1] what comes on a stream that we reset is ignored, for as long as the PING is out,", () => {
  it.scoped("at a server", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never, patient)
      yield* peer.send(headers(1, post, false), windowUpdate(1, 0))
      const ping = yield* pingBehindReset(peer)
      yield* TestClock.adjust("2 hours")
      yield* peer.send(data(1, "late"), windowUpdate(1, 0), headers(1, [["x-trailer", "late"]]))
      yield* peer.barrier(1)
      expect([resets(peer), connection.activeStreams]).toEqual([[ErrorCode.PROTOCOL_ERROR], 1])
      yield* peer.send({ ...ping, ack: true })
      yield* eventually(() => connection.activeStreams === 0)
      yield* peer.send(data(1, "too late"))
      yield* peer.await("RstStream")
      expect(resets(peer)).toEqual([ErrorCode.PROTOCOL_ERROR, ErrorCode.STREAM_CLOSED])
    })
  )

  it.scoped("at a client", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* client(patient)
      const asked = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* Fiber.interrupt(asked)
      const ping = yield* pingBehindReset(peer)
      yield* TestClock.adjust("2 hours")
      yield* peer.send(headers(1, ok, false), data(1, "late"))
      yield* peer.barrier(1)
      expect([resets(peer), http.connection.activeStreams]).toEqual([[ErrorCode.CANCEL], 1])
      yield* peer.send({ ...ping, ack: true })
      yield* eventually(() => http.connection.activeStreams === 0)
      yield* peer.send(headers(1, ok))
      expect(yield* failure).toMatchObject({ code: ErrorCode.STREAM_CLOSED })
    })
  )
})
