/** What is said of a response's priority: by PRIORITY_UPDATE, by the handler, by RFC 7540; and when it is an error (RFC 9218 §2.1, §7.1, §8). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import { PriorityUpdate } from "@effect-http2/http2/ExtensionFrame"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as Priority from "@effect-http2/http2/Priority"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { body, initialWindow, large, openWindows, order, orderOf, request } from "./support/bodies.js"
import { eventually } from "./support/engines.js"
import { server } from "./support/peer.js"
import * as Wire from "./support/wire.js"
import { get, headers, settings, windowUpdate } from "./support/wire.js"

describe("PRIORITY_UPDATE", () => {
  it.scoped("for an open stream holds at once, in the middle of its body and of others", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(large)
      yield* peer.send(initialWindow(1_000_000), request(1, "u=1"), request(3, "u=2"), request(5, "u=3"))
      yield* peer.barrier()
      // 65,535 octets: the first, and a part of the second.
      expect(order(peer)).toEqual([1, 3])
      const before = peer.frames.length
      yield* peer.send(new PriorityUpdate(5, "u=0"), windowUpdate(0, 10_000_000))
      yield* peer.barrier(1)
      expect(order(peer, before)).toEqual([5, 3])
    })
  )

  it.scoped("says all: what it leaves out has its default", () =>
    Effect.gen(function* () {
      const update = new PriorityUpdate(3, "")
      expect(yield* orderOf([request(1, "u=4"), request(3, "u=6, i"), request(5, "u=2"), update])).toEqual([5, 3, 1])
      expect(yield* orderOf([request(1, "u=4"), request(3, "u=6"), new PriorityUpdate(3, "u=")])).toEqual([3, 1])
    })
  )

  it.scoped("is a signal for the connection, also before there is a request", () =>
    Effect.gen(function* () {
      expect(yield* orderOf([new PriorityUpdate(7, "u=3"), request(1), request(3)])).toEqual([1, 3])
    })
  )

  it.scoped("[rfc9218-7-1] for a stream that is to come is kept, the last one, and wins over the field", () =>
    Effect.gen(function* () {
      const updates = [new PriorityUpdate(5, "u=7"), new PriorityUpdate(5, "u=0"), new PriorityUpdate(3, "i, u=6")]
      expect(yield* orderOf([...updates, request(1, "u=5"), request(3, "u=1"), request(5, "u=6")])).toEqual([5, 1, 3])
    })
  )

  it.scoped("for a stream that is closed, or where we sent all, is ignored", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.text("done")))
      yield* peer.send(request(5), new PriorityUpdate(5, "u=1"), new PriorityUpdate(1, "u=1"))
      yield* peer.barrier()
      yield* peer.send(new PriorityUpdate(5, "u=1"), headers(7, get, false), new PriorityUpdate(7, "u=1"))
      yield* peer.barrier(1)
      yield* peer.send(request(9))
      yield* peer.await("Data", (frame) => frame.streamId === 9)
      expect(peer.frames.some(({ _tag }) => _tag === "GoAway" || _tag === "RstStream")).toBe(false)
    })
  )

  const protocolErrors: ReadonlyArray<readonly [string, Frame.Frame | Uint8Array]> = [
    ["[rfc9218-7.1-9] for stream 0", new PriorityUpdate(0, "u=1")],
    ["[rfc9218-7.1-8] for a push stream that was not promised", new PriorityUpdate(2, "u=1")],
    ["[rfc9218-7.1-2] on a stream", Wire.rawFrame(0x10, 0, 1, Wire.ascii("\0\0\0\x01u=1"))]
  ]
  for (const [what, frame] of protocolErrors) {
    it.scoped(`${what} ends the connection`, () =>
      Effect.gen(function* () {
        const { failure, peer } = yield* server(() => Effect.never)
        yield* peer.send(request(1), frame)
        expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, origin: "Local" })
        yield* peer.await("GoAway", ({ errorCode }) => errorCode === ErrorCode.PROTOCOL_ERROR)
      })
    )
  }

  it.scoped("[rfc9218-7.1-5] for no more streams than there may be, those that are open counted", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(() => Effect.never, { maxConcurrentStreams: 4 })
      const updates = [5, 7, 9].map((id) => new PriorityUpdate(id, "u=1"))
      // The second stream is closed; one that is prioritized already counts once.
      yield* peer.send(request(1), request(3), Wire.reset(3), ...updates, ...updates)
      yield* peer.barrier()
      // 5 will never be opened, and 7 takes the place that it had.
      yield* peer.send(request(7), new PriorityUpdate(11, "u=1"))
      yield* peer.barrier(1)
      yield* peer.send(new PriorityUpdate(13, "u=1"))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, limit: "maxConcurrentStreams" })
    })
  )

  it.scoped("[rfc9218-7.1-5] a stream that we have reset is not counted, though its client may not know yet", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.never, { maxConcurrentStreams: 1 })
      yield* peer.send(headers(1, [...get, ["te", "no"]], false))
      yield* peer.await("RstStream")
      yield* peer.send(new PriorityUpdate(3, "u=1"))
      yield* peer.barrier()
      expect(peer.frames.some(({ _tag }) => _tag === "GoAway")).toBe(false)
    })
  )

  it.scoped("[rfc9218-7.1-5] is left out, not an error, where the client may not know how many there may be", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(large, { silent: true, maxConcurrentStreams: 2 })
      const updates = [1, 3, 5].map((id) => new PriorityUpdate(id, `u=${7 - id}`))
      yield* peer.send(Wire.preface, initialWindow(0), ...updates)
      yield* peer.barrier()
      yield* peer.send(Wire.settingsAck, request(1), request(3))
      yield* openWindows(peer)
      expect(order(peer)).toEqual([3, 1])
      yield* peer.send(...[7, 9, 11].map((id) => new PriorityUpdate(id, "u=1")))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, limit: "maxConcurrentStreams" })
    })
  )

  it.scoped("without use, again and again, ends the connection; as many as a browser sends do not", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(() => Effect.never)
      yield* peer.send(request(1), ...Array.from({ length: 900 }, (_, i) => new PriorityUpdate(1, `u=${i % 8}`)))
      yield* peer.barrier()
      yield* peer.send(...Array.from({ length: 200 }, () => new PriorityUpdate(1, "u=1")))
      expect(yield* failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "glitchBurst" })
    })
  )

  it.scoped("for any number of streams, where the server sets no limit, is kept for some of them", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(large, { maxConcurrentStreams: Number.POSITIVE_INFINITY, glitchBurst: 10_000 })
      yield* peer.send(
        initialWindow(0),
        ...Array.from({ length: 2000 }, (_, i) => new PriorityUpdate(1 + 2 * i, "u=1"))
      )
      yield* peer.send(request(1, "u=5"), request(3, "u=5"), request(3001, "u=0"))
      yield* peer.barrier()
      yield* openWindows(peer)
      expect(order(peer)).toEqual([3001, 1, 3])
    })
  )
})

describe("a handler", () => {
  it.scoped("sees what holds: the field, PRIORITY_UPDATE in its place, what it has set itself over both", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const seen: Array<Priority.Priority> = []
      const { peer } = yield* server((request) =>
        Effect.gen(function* () {
          seen.push(request.priority)
          yield* Deferred.await(gate)
          seen.push(request.priority)
          seen.push(yield* request.setPriority({ urgency: 1 }))
          seen.push(yield* request.setPriority({ incremental: false }))
          return Http2ServerResponse.empty()
        })
      )
      yield* peer.send(request(1, "u=5"))
      yield* eventually(() => seen.length === 1)
      yield* peer.send(new PriorityUpdate(1, "u=6, i"))
      yield* peer.barrier()
      yield* Deferred.succeed(gate, undefined)
      yield* peer.await("Headers")
      expect(seen).toEqual([
        { urgency: 5, incremental: false },
        { urgency: 6, incremental: true },
        { urgency: 1, incremental: true },
        { urgency: 1, incremental: false }
      ])
    })
  )

  it.scoped("sets it before its body or in the middle of it; the rest is as the client says", () =>
    Effect.gen(function* () {
      const requests = new Map<string, Http2ServerRequest.Http2ServerRequest>()
      const { peer } = yield* server((request) => {
        requests.set(request.path, request)
        const set = request.path === "/5" ? Effect.asVoid(request.setPriority({ urgency: 0 })) : Effect.void
        return Effect.as(set, Http2ServerResponse.make({ body }))
      })
      yield* peer.send(initialWindow(1_000_000), request(1, "u=1"), request(3, "u=1, i"), request(5, "u=7"))
      yield* peer.barrier()
      const first = requests.get("/1") ?? expect.unreachable()
      expect(order(peer)[0]).toBe(5)
      const before = peer.frames.length
      yield* first.setPriority({ urgency: 7 })
      // The client cannot undo it.
      yield* peer.send(new PriorityUpdate(1, "u=0, i"), windowUpdate(0, 10_000_000))
      yield* peer.barrier(1)
      expect(order(peer, before)).toEqual([3, 1])
      expect(first.priority).toEqual({ urgency: 7, incremental: true })
      expect(yield* first.setPriority({ urgency: 2 })).toEqual({ urgency: 2, incremental: true })
    })
  )

  it.scoped("can prefer one body to others where the client has said nothing", () =>
    Effect.gen(function* () {
      const handler = (request: Http2ServerRequest.Http2ServerRequest) =>
        Effect.zipRight(
          request.path === "/1" ? request.setPriority({ urgency: 7 }) : Effect.void,
          Effect.succeed(Http2ServerResponse.make({ body }))
        )
      expect(yield* orderOf([request(1), request(3), request(5)], handler)).toEqual([3, 5, 3, 5, 3, 5, 1])
    })
  )
})

describe("the priorities of RFC 7540", () => {
  const own = (streamId: number) => ({ dependency: streamId, exclusive: false, weight: 1 })

  it.scoped(
    "[rfc9218-2.1-5] are not looked at where the client has said that it uses none, be they wrong or right",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(large, { silent: true })
        yield* peer.send(
          Wire.preface,
          settings([Settings.Id.NO_RFC7540_PRIORITIES, 1]),
          Wire.settingsAck,
          { ...request(1), priority: own(1) },
          new Frame.Priority(3, own(3)),
          windowUpdate(0, 10_000_000)
        )
        yield* peer.await("Data", (frame) => frame.endStream)
        yield* peer.barrier()
        expect(peer.frames.some(({ _tag }) => _tag === "GoAway" || _tag === "RstStream")).toBe(false)
      })
  )
})
