/** What a client sends and when it may: GOAWAY, limits, settings that the server changes, windows. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft } from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)

describe("6.8 GOAWAY", () => {
  U.check(
    "streams above the last id were not processed, those below go on, no new ones are opened [rfc9113-6.8-1]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        const first = yield* C.ask(client, peer)
        const second = yield* C.ask(client, peer)
        yield* peer.send(Raw.goAway(1, Code.ENHANCE_YOUR_CALM, "slow down"))
        const refused = yield* Effect.flip(Fiber.join(second.result))
        expect(refused).toMatchObject({
          _tag: "Http2ConnectionError",
          code: Code.ENHANCE_YOUR_CALM,
          origin: "Remote",
          processed: "no"
        })
        expect(refused.message).toContain("slow down")
        expect(yield* Effect.flip(Effect.scoped(client.request({})))).toMatchObject({ processed: "no" })
        yield* peer.roundTrip
        yield* peer.send(head, Raw.data(1, "hello", Raw.END_STREAM))
        expect(yield* Fiber.join(first.result)).toMatchObject({ status: 200, body: "hello" })
        // Nothing is left to do here.
        const [frames] = yield* peer.toEnd
        expect(frames.filter(({ type }) => type === Type.HEADERS || type === Type.RST_STREAM)).toEqual([])
        peer.end()
        yield* nothingLeft(stats)
      })
  )

  U.check("a GOAWAY in two steps", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer)
      yield* peer.send(Raw.goAway(0x7fffffff, Code.NO_ERROR))
      yield* peer.roundTrip
      yield* peer.send(Raw.goAway(1, Code.NO_ERROR), ok)
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200 })
      yield* peer.toEnd
      yield* client.connection.awaitClosed
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  U.check("a GOAWAY below the request, and the end", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer)
      yield* peer.send(Raw.goAway(0, 0xff))
      expect(yield* Effect.flip(Fiber.join(asked.result))).toMatchObject({ code: 0xff, processed: "no" })
      expect(yield* Effect.flip(client.connection.awaitClosed)).toMatchObject({ code: 0xff })
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  U.check("the end without GOAWAY: nobody knows what was processed", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer)
      yield* peer.send(head, Raw.data(1, "hel"))
      yield* peer.roundTrip
      peer.end()
      expect(yield* Effect.flip(Fiber.join(asked.result))).toMatchObject({ processed: "unknown" })
      yield* nothingLeft(stats)
    })
  )
})

describe("6.5 settings of the server are honoured [rfc9113-6.5-2]", () => {
  U.check("MAX_FRAME_SIZE: a head that is larger than a frame is continued [rfc9113-4.1-1] [rfc9113-8.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.MAX_CONCURRENT_STREAMS, 100])
      const asked = yield* Effect.forkScoped(
        Effect.scoped(
          client.request({ headers: Array.from({ length: 30 }, (_, i) => [`x-${i}`, "{".repeat(1000)] as const) })
        )
      )
      const parts = yield* peer.until(
        "a whole head",
        ({ flags, type }) => type !== Type.SETTINGS && (flags & Raw.END_HEADERS) !== 0
      )
      expect(parts.map(({ type }) => type)).toEqual([Type.HEADERS, Type.CONTINUATION])
      expect(parts.map(({ flags }) => flags)).toEqual([Raw.END_STREAM, Raw.END_HEADERS])
      expect(parts[0]?.payload.length).toBeLessThanOrEqual(16_384)
      expect(peer.fields({ payload: Buffer.concat(parts.map(({ payload }) => payload)) }).length).toBe(34)
      yield* peer.send(ok)
      expect((yield* Fiber.join(asked)).status).toBe(200)
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  U.check("MAX_CONCURRENT_STREAMS: requests wait, also for a limit of 0 [rfc9113-5.1.2-1] [rfc9113-6.5.2-7]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.MAX_CONCURRENT_STREAMS, 0])
      yield* peer.roundTrip
      const waiting = yield* Effect.forkScoped(Effect.scoped(client.request({})))
      expect((yield* peer.roundTrip).map(({ type }) => type)).toEqual([Type.PING])
      yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 1]))
      yield* peer.frame(Type.HEADERS, 1)
      const next = yield* Effect.forkScoped(Effect.scoped(client.request({})))
      expect((yield* peer.roundTrip).map(({ type }) => type)).toEqual([Type.PING])
      yield* peer.send(ok)
      expect((yield* Fiber.join(waiting)).status).toBe(200)
      yield* peer.frame(Type.HEADERS, 3)
      yield* peer.send(Raw.headers(3, [0x88]))
      expect((yield* Fiber.join(next)).status).toBe(200)
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  for (const size of [0, 64]) {
    U.check(`HEADER_TABLE_SIZE ${size}: the next block says so, and uses no more [rfc9113-4.3.1-1]`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        const headers = [
          ["x-first", "first"],
          ["user-agent", "a test"]
        ] as const
        for (const id of [1, 3, 5]) {
          const asked = yield* Effect.forkScoped(Effect.scoped(client.request({ headers })))
          const frame = yield* peer.frame(Type.HEADERS, id)
          const update = Block.integer(size, 5, 0x20)
          if (id === 3) expect(frame.payload.subarray(0, update.length)).toEqual(update)
          expect(peer.fields(frame)).toContainEqual(["x-first", "first"])
          yield* peer.send(Raw.headers(id, [0x88]))
          yield* Fiber.join(asked)
          if (id === 1) yield* peer.send(Raw.settings([Setting.HEADER_TABLE_SIZE, size]))
          yield* peer.roundTrip
        }
        peer.end()
        yield* nothingLeft(stats)
      })
    )
  }
})

describe("6.9 windows for what we send", () => {
  U.check(
    "one octet, below 0, and SETTINGS that open them again [rfc9113-6.9.1-1] [rfc9113-6.9.2-1] [rfc9113-6.9.2-2]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 1])
        yield* peer.roundTrip
        const asked = yield* C.ask(client, peer, { method: "POST", body: "hello world" })
        expect(yield* peer.dataNow).toEqual([1])
        yield* peer.send(Raw.windowUpdate(1, 2))
        expect(yield* peer.dataNow).toEqual([2])
        yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 0]))
        yield* peer.send(Raw.windowUpdate(1, 1))
        expect(yield* peer.dataNow).toEqual([])
        yield* peer.send(Raw.windowUpdate(1, 1))
        expect(yield* peer.dataNow).toEqual([1])
        yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 65_535]))
        const last = yield* peer.frame(Type.DATA, 1)
        expect(last).toMatchObject({ flags: Raw.END_STREAM })
        expect(last.payload.length).toBe(7)
        yield* peer.send(ok)
        expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200 })
        peer.end()
        yield* nothingLeft(stats)
      })
  )

  U.check("that of the connection, and frames no larger than MAX_FRAME_SIZE [rfc9113-5.2.1-1] [rfc9113-4.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 1_000_000])
      yield* peer.roundTrip
      const asked = yield* C.ask(client, peer, { method: "POST", body: new Uint8Array(100_000) })
      const lengths = yield* peer.dataNow
      expect(lengths.reduce((a, b) => a + b, 0)).toBe(65_535)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(16_384)
      yield* peer.send(Raw.windowUpdate(0, 34_465))
      yield* peer.until("END_STREAM", ({ flags, type }) => type === Type.DATA && flags === Raw.END_STREAM)
      yield* peer.send(ok)
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200 })
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  U.check("a response before the request is whole: what is left of it is cancelled [rfc9113-8.1-5]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 5])
      yield* peer.roundTrip
      const asked = yield* C.ask(client, peer, { method: "POST", body: "hello world" })
      yield* peer.send(head, Raw.data(1, "too long", Raw.END_STREAM))
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200, body: "too long" })
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.CANCEL))
      yield* C.goOn(asked)
      peer.end()
      yield* nothingLeft(stats)
    })
  )

  U.check("trailers behind the body [rfc9113-8.1-2]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const { body } = Http2ServerResponse.make({ body: "hello" })
      const asked = yield* Effect.forkScoped(
        Effect.scoped(client.request({ method: "POST", body, trailers: { "x-trailer": "test" } }))
      )
      const frames = yield* peer.until(
        "the end",
        ({ flags, streamId, type }) => type !== Type.SETTINGS && streamId === 1 && (flags & Raw.END_STREAM) !== 0
      )
      expect(frames.filter(({ streamId }) => streamId === 1).map(({ flags, type }) => [type, flags])).toEqual([
        [Type.HEADERS, Raw.OPEN],
        [Type.DATA, 0],
        [Type.HEADERS, Raw.WHOLE]
      ])
      yield* peer.send(ok)
      yield* Fiber.join(asked)
      peer.end()
      yield* nothingLeft(stats)
    })
  )
})
