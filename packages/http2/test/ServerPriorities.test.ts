/** In which order the bodies of a server go, where there is not room for all of them at once (RFC 9218 §10). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { body, frameSize, initialWindow, large, openWindows, order, orderOf, request } from "./support/bodies.js"
import { inPieces } from "./support/engines.js"
import { server } from "./support/peer.js"
import * as Wire from "./support/wire.js"
import { filled, get, headers, settings, windowUpdate } from "./support/wire.js"

const connectProtocol = { enableConnectProtocol: true } as const

describe("the order of bodies", () => {
  it.scoped("the most urgent first, whatever the order of the requests", () =>
    Effect.gen(function* () {
      const requests = [request(1, "u=7"), request(3, "u=4"), request(5), request(7, "u=0"), request(9, "u=2")]
      expect(yield* orderOf(requests)).toEqual([7, 9, 5, 3, 1])
    })
  )

  it.scoped("[rfc9218-10-1] of one urgency one after another, in the order of the ids", () =>
    Effect.gen(function* () {
      expect(yield* orderOf([request(1, "u=2"), request(3, "u=1"), request(5, "u=1"), request(7, "u=1")])).toEqual([
        3, 5, 7, 1
      ])
    })
  )

  it.scoped("[rfc9218-10-2] the incremental ones of an urgency share it, a frame each", () =>
    Effect.gen(function* () {
      const requests = [request(1, "u=1, i"), request(3, "u=1, i"), request(5, "u=1, i"), request(7, "u=5, i")]
      expect(yield* orderOf(requests)).toEqual([1, 3, 5, 1, 3, 5, 1, 3, 5, 7])
    })
  )

  it.scoped("[rfc9218-10-1] [rfc9218-10-2] incremental and other ones of an urgency take turns", () =>
    Effect.gen(function* () {
      expect(yield* orderOf([request(1), request(3, "i"), request(5), request(7, "i")])).toEqual([
        1, 3, 1, 7, 1, 3, 5, 7, 5, 3, 5, 7
      ])
    })
  )

  it.scoped("[rfc9218-4-1] a request without a priority has the defaults, where others have one", () =>
    Effect.gen(function* () {
      const requests = [request(1, "u=4"), request(3), request(5), request(7, "u=2"), request(9, "")]
      expect(yield* orderOf(requests)).toEqual([7, 3, 5, 9, 1])
    })
  )

  it.scoped("[rfc9113-5.3.2-1] without any signal they share, so that none waits for all of another", () =>
    Effect.gen(function* () {
      const fair = [1, 3, 5, 1, 3, 5, 1, 3, 5]
      expect(yield* orderOf([request(1), request(3), request(5)])).toEqual(fair)
      // Priorities of RFC 7540 say nothing, and to do without them says nothing of others.
      const spec = { dependency: 0, exclusive: true, weight: 256 }
      expect(yield* orderOf([{ ...request(1), priority: spec }, request(3), request(5)])).toEqual(fair)
    })
  )

  it.scoped("[rfc9113-5.3.2-1] SETTINGS_NO_RFC7540_PRIORITIES alone says nothing of the order", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(large, { silent: true })
      const first = settings([Settings.Id.NO_RFC7540_PRIORITIES, 1], [Settings.Id.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(Wire.preface, first, Wire.settingsAck, request(1), request(3))
      yield* peer.barrier(1)
      yield* openWindows(peer)
      expect(order(peer)).toEqual([1, 3, 1, 3, 1, 3])
    })
  )

  it.scoped("a stream whose window is used up does not hold up the less urgent", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(large)
      yield* peer.send(windowUpdate(0, 10_000_000), initialWindow(0), request(1, "u=0"), request(3, "u=7"))
      yield* peer.send(windowUpdate(1, 100), windowUpdate(3, 1_000_000))
      yield* peer.barrier()
      expect(order(peer)).toEqual([1, 3])
      yield* peer.send(windowUpdate(1, 1_000_000))
      yield* peer.barrier(1)
      expect(order(peer)).toEqual([1, 3, 1])
    })
  )

  it.scoped("[rfc9218-10.1-1] a tunnel is served beside what is more urgent", () =>
    Effect.gen(function* () {
      const handler = (request: Http2ServerRequest.Http2ServerRequest) =>
        request.method === "CONNECT"
          ? Effect.flatMap(request.tunnel(), (tunnel) => Effect.orDie(tunnel.write(body))).pipe(
              Effect.zipRight(Effect.never),
              Effect.orDie
            )
          : Effect.succeed(Http2ServerResponse.make({ body: filled(100 * frameSize) }))
      const connect = headers(
        1,
        [[":method", "CONNECT"], [":protocol", "websocket"], ...get.slice(1), ["priority", "u=7"]],
        false
      )
      const ids = yield* orderOf([connect, request(3, "u=0"), request(5, "u=0")], handler, connectProtocol)
      expect(ids).toEqual([3, 1, 3, 1, 3, 1, 3, 5])
    })
  )

  it.scoped("a small body that is whole goes before a large one, whatever their urgencies", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) =>
        Effect.succeed(Http2ServerResponse.make({ body: request.path === "/3" ? filled(4096) : body }))
      )
      yield* peer.send(request(1, "u=0"), request(3, "u=7"))
      yield* peer.barrier()
      expect(order(peer)).toEqual([3, 1])
    })
  )

  it.scoped("what is less urgent does not go while a Stream that was held back gets its next piece", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) =>
        Effect.succeed(
          Http2ServerResponse.make({
            body: request.path === "/3" ? inPieces(filled(2_000_000), 50_000) : filled(2_000_000)
          })
        )
      )
      yield* peer.send(initialWindow(0), request(1, "u=7"), request(3, "u=0"))
      yield* peer.barrier()
      yield* peer.send(windowUpdate(0, 10_000_000), initialWindow(10_000_000))
      yield* peer.await("Data", (frame) => frame.streamId === 1 && frame.endStream)
      expect(order(peer)).toEqual([3, 1])
    })
  )
})

describe("stallTimeout", () => {
  const options = { stallTimeout: "60 seconds", keepAliveInterval: Duration.infinity } as const

  it.scoped("does not run for a body that waits for its turn while others move", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(400_000) })), options)
      yield* peer.send(initialWindow(1_000_000), request(1, "u=7"), request(3, "u=0"))
      for (let i = 0; i < 5; i++) {
        yield* peer.barrier(i + 1)
        yield* TestClock.adjust("30 seconds")
        yield* peer.send(windowUpdate(0, 40_000))
      }
      yield* peer.barrier()
      expect(peer.frames.filter(({ _tag }) => _tag === "RstStream")).toEqual([])
      yield* peer.send(windowUpdate(0, 10_000_000))
      yield* peer.await("Data", (frame) => frame.streamId === 1 && frame.endStream)
    })
  )

  it.scoped("runs for it where nothing moves, or as good as nothing", () =>
    Effect.gen(function* () {
      const body = filled(400_000)
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body })), {
        ...options,
        maxStalledOctets: 400_000
      })
      yield* peer.send(initialWindow(1_000_000), request(1, "u=7"), request(3, "u=0"))
      for (let i = 0; i < 3; i++) {
        yield* peer.barrier(i + 1)
        yield* TestClock.adjust("30 seconds")
        yield* peer.send(windowUpdate(0, 1000))
      }
      yield* peer.barrier()
      const resets = peer.frames.filter(({ _tag }) => _tag === "RstStream")
      expect(resets).toMatchObject([{ streamId: 1, errorCode: ErrorCode.CANCEL }])
    })
  )
})
