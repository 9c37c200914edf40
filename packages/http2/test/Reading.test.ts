/** Frames are read and acted on as they come, whatever waits on either side; answers to PING go out in front of all DATA that waits. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, type Peer, server } from "./support/peer.js"
import { data, filled, get, headers, ok, ping, post, reset, settings, windowUpdate } from "./support/wire.js"

const window = 65_535
/** All that the windows of `initialWindowSize` and `connectionWindowSize` let through, in small pieces. */
const flood = (streamId: number): ReadonlyArray<Frame.Frame> =>
  Array.from({ length: window / 51 }, () => data(streamId, filled(51)))

const full = { initialWindowSize: window, connectionWindowSize: window }

const octetsOf = (frames: ReadonlyArray<Frame.Frame>): number =>
  frames.reduce((sum, frame) => sum + (frame._tag === "Data" ? frame.data.length : 0), 0)

describe("[rfc9113-5.2.2-1] [rfc9113-6.9-1] with windows that are full, since nobody reads,", () => {
  it.scoped("a server takes every other frame", () =>
    Effect.gen(function* () {
      const { connection, peer, stats } = yield* server(() => Effect.never, full)
      yield* peer.send(headers(1, post, false), ...flood(1))
      yield* peer.barrier(1)
      expect(connection.unreadOctets).toBe(window)
      yield* peer.send(headers(3, get), headers(1, [["x-trailer", "y"]]), settings([4, 100]))
      yield* peer.await("Settings", (frame) => frame.ack)
      yield* peer.barrier(2)
      expect(stats.activeHandlers).toBe(2)
      yield* peer.send(reset(3), windowUpdate(0, 100))
      yield* eventually(() => stats.activeHandlers === 1)
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("a client takes every other frame", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client(full)
      const response = yield* Effect.fork(http.request({}))
      yield* peer.await("Headers", (frame) => frame.streamId === 1)
      yield* peer.send(headers(1, ok, false), ...flood(1))
      yield* peer.barrier(1)
      const { trailers } = yield* Fiber.join(response)
      expect(http.connection.unreadOctets).toBe(window)
      const other = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers", (frame) => frame.streamId === 3)
      yield* peer.send(headers(3, ok), headers(1, [["x-trailer", "y"]]), settings([4, 100]))
      expect((yield* Fiber.join(other)).status).toBe(200)
      yield* peer.await("Settings", (frame) => frame.ack)
      yield* peer.barrier(2)
      const late = yield* Effect.fork(trailers)
      expect(http.connection.isDraining).toBe(false)
      yield* Fiber.interrupt(late)
    })
  )
})

describe("[rfc9113-5.2.2-1] with all that it has to send held up by the peer's windows,", () => {
  it.scoped("a server goes on reading", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() =>
        Effect.succeed(Http2ServerResponse.make({ body: filled(100_000) }))
      )
      yield* peer.send(settings([4, 0]), ...[1, 3, 5].map((id) => headers(id, get)))
      yield* peer.barrier(1)
      expect(octetsOf(peer.frames)).toBe(0)
      yield* peer.send(headers(7, post, false), data(7, filled(10)), reset(7), windowUpdate(3, 10))
      expect(yield* peer.await("Data")).toMatchObject({ streamId: 3 })
      yield* peer.barrier(2)
      expect(connection.isDraining).toBe(false)
    })
  )
})

/** The answer to a PING, and the octets of DATA in front of it. */
const answerOf = (peer: Peer, mark: number) =>
  Effect.gen(function* () {
    const before = peer.frames.length
    yield* peer.barrier(mark)
    return octetsOf(peer.frames.slice(before))
  })

describe("[rfc9113-6.7-3] the answer to a PING goes out in front of the DATA that waits", () => {
  const body = filled(4_000_000)
  /** What may be on its way when the PING comes. */
  const maxSendBuffer = 20_000

  it.scoped("at a server, for the windows and for a peer that reads slowly", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body })), {
        maxSendBuffer,
        transport: { highWaterMark: 0 }
      })
      yield* peer.send(settings([4, 8_000_000]), windowUpdate(0, 20_000_000), headers(1, get), headers(3, get))
      for (const mark of [1, 2, 3]) expect(yield* answerOf(peer, mark)).toBeLessThan(3 * maxSendBuffer)
      expect(octetsOf(peer.frames)).toBeLessThan(body.length)
    })
  )

  it.scoped("at a client", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({
        maxSendBuffer,
        transport: { highWaterMark: 0 },
        settings: [[4, 8_000_000]]
      })
      yield* peer.send(windowUpdate(0, 20_000_000))
      yield* Effect.forkScoped(Effect.ignore(http.request({ method: "POST", body })))
      yield* peer.await("Headers")
      for (const mark of [1, 2, 3]) expect(yield* answerOf(peer, mark)).toBeLessThan(3 * maxSendBuffer)
      expect(octetsOf(peer.frames)).toBeLessThan(body.length)
    })
  )

  it.scoped("in the same turn: what the frames in front of it made ready follows", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(60_000) })))
      yield* peer.send(settings([4, 0]), headers(1, get))
      yield* peer.await("Headers", (frame) => frame.streamId === 1)
      yield* peer.send(windowUpdate(1, 50_000), ping(7))
      expect(yield* peer.take).toMatchObject({ _tag: "Ping", ack: true })
      expect(yield* peer.take).toMatchObject({ _tag: "Data", streamId: 1 })
    })
  )
})

describe("[rfc9113-5.4-1] one frame that breaks several rules", () => {
  it.scoped("is one error: of the stream", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.never)
      const malformed = headers(1, [...post.slice(1), ["Connection", "close"], ["content-length", "x"]], false)
      yield* peer.send({ ...malformed, priority: { dependency: 1, exclusive: false, weight: 1 } }, data(1, "x"))
      yield* peer.barrier()
      expect(peer.frames.filter((frame) => frame._tag === "RstStream")).toMatchObject([
        { streamId: 1, errorCode: ErrorCode.PROTOCOL_ERROR }
      ])
      expect(peer.frames.some((frame) => frame._tag === "GoAway")).toBe(false)
    })
  )
})
