/** What server push may cost: promises that nobody asks for, promises without end, and clients that cancel all of them. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { eventually, nextTurn } from "./support/engines.js"
import { client as clientPeer, server as serverPeer } from "./support/peer.js"
import { block, data, get, headers, type Pairs } from "./support/wire.js"

const client = { enablePush: true }
const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, index) => index)

const ok: Pairs = [[":status", "200"]]

/** A client's engine with a request on stream 1, whose server has promised streams 2 and 4. */
const promised = (options: Http2Client.ClientOptions = {}) =>
  Effect.gen(function* () {
    const made = yield* clientPeer({ ...client, ...options })
    yield* Effect.fork(made.client.collect({}))
    yield* made.peer.await("Headers")
    yield* made.peer.send(
      new Frame.PushPromise(1, 2, true, block(get)),
      new Frame.PushPromise(1, 4, true, block(get)),
      headers(1, ok)
    )
    yield* made.peer.barrier()
    return made
  })

describe("a promise that nobody asks for", () => {
  it.scoped("is given up after stallTimeout, begun or not; one that is wanted waits [rfc9113-10.5-1]", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* promised({ stallTimeout: "5 seconds", keepAliveInterval: "1 hour" })
      const [first, second] = yield* Stream.runCollect(Stream.take(http.pushes, 2))
      const wanted = yield* Effect.fork(Effect.scoped(first?.response ?? Effect.dieMessage("no push")))
      yield* nextTurn
      yield* peer.send(headers(4, ok, false), data(4, "body"))
      yield* peer.barrier()
      expect(http.connection.unreadOctets).toBe(4)
      yield* TestClock.adjust("4999 millis")
      yield* peer.barrier(0x43)
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
      yield* TestClock.adjust("1 millis")
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 4, errorCode: ErrorCode.CANCEL })
      expect(http.connection.unreadOctets).toBe(0)
      expect(yield* Effect.flip(Effect.scoped(second?.response ?? Effect.void))).toMatchObject({
        origin: "Local",
        limit: "stallTimeout"
      })
      yield* peer.send(headers(2, ok))
      expect((yield* Fiber.join(wanted)).status).toBe(200)
    })
  )

  it.scoped("and whose response is whole makes room for others after stallTimeout [rfc9113-10.5-1]", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* promised({ stallTimeout: "5 seconds", maxReservedStreams: 2 })
      yield* peer.send(headers(2, ok, false), data(2, "body", true), headers(4, ok, false), data(4, "body", true))
      yield* peer.barrier()
      expect(http.connection.unreadOctets).toBe(8)
      yield* Effect.fork(Effect.scoped(http.request({})))
      yield* peer.await("Headers")
      yield* peer.send(new Frame.PushPromise(3, 6, true, block(get)))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 6, errorCode: ErrorCode.REFUSED_STREAM })
      yield* TestClock.adjust("5 seconds")
      yield* peer.send(new Frame.PushPromise(3, 8, true, block(get)))
      yield* peer.barrier(0x43)
      expect(http.connection.unreadOctets).toBe(0)
      const [push] = yield* Stream.runCollect(Stream.take(http.pushes, 1))
      expect(push?.streamId).toBe(8)
    })
  )
})

describe("a server that promises without end", () => {
  const floods: ReadonlyArray<readonly [what: string, frames: (id: number) => ReadonlyArray<Frame.Frame>]> = [
    ["and resets its promises", (id) => [new Frame.PushPromise(1, id, true, block(get)), new Frame.RstStream(id, 8)]],
    ["what it may not", (id) => [new Frame.PushPromise(1, id, true, block(ok))]],
    ["more than may wait", (id) => [new Frame.PushPromise(1, id, true, block(get))]]
  ]
  for (const [what, frames] of floods) {
    it.scoped(`${what} loses the connection, with ENHANCE_YOUR_CALM [rfc9113-10.5-1]`, () =>
      Effect.gen(function* () {
        const {
          client: http,
          failure,
          peer
        } = yield* clientPeer({ ...client, maxConcurrentStreams: 10, resetBurst: 20 })
        yield* Effect.fork(Effect.scoped(http.request({})))
        yield* peer.await("Headers")
        for (const n of range(200)) yield* peer.send(...frames(2 + 2 * n))
        expect(yield* failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "resetBurst" })
      })
    )
  }
})

describe("a server", () => {
  it.scoped("that has no more ids does not push, and goes on [rfc9113-6.6-1] [rfc9113-6.6-9]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* serverPeer((request) =>
        Effect.match(request.push({ path: "/a" }), {
          onFailure: (error) => Http2ServerResponse.text("section" in error ? (error.section ?? "") : ""),
          onSuccess: () => Http2ServerResponse.text("pushed")
        })
      )
      connection.engine.table.highestLocal = 0x7ffffffe
      yield* peer.send(headers(1, get))
      const answer = yield* peer.await("Data")
      expect(new TextDecoder().decode(answer.data)).toBe("5.1.1")
      expect(peer.frames.some((frame) => frame._tag === "PushPromise")).toBe(false)
    })
  )

  it.scoped("is not stopped by a client that cancels all that it is pushed", () =>
    Effect.gen(function* () {
      const { connection, peer, stats } = yield* serverPeer(
        (request) =>
          request.path === "/"
            ? Effect.as(
                Effect.forEach(range(50), (n) => request.push({ path: `/${n}` })),
                Http2ServerResponse.empty()
              )
            : Effect.never,
        { resetBurst: 5, maxConcurrentStreams: 60 }
      )
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* peer.send(...range(50).map((n) => new Frame.RstStream(2 + 2 * n, ErrorCode.CANCEL)))
      yield* peer.barrier(0x43)
      yield* eventually(() => stats.handlersInterrupted === 50 && stats.activeHandlers === 0)
      expect(connection.isDraining).toBe(false)
    })
  )
})
