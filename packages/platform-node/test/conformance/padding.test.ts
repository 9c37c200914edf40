/** Padding of what we send, seen by raw peers and by `node:http2`: lengths are multiples, padding is zeros and within the windows. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Http2 from "node:http2"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Setting, Type } = Raw

const padding = 64

/** What is in a padded frame. Its payload is a multiple, and ends with zeros. */
const unpadded = (frame: Raw.RawFrame): Raw.RawFrame => {
  const { flags, payload } = frame
  expect(flags & Raw.PADDED, Raw.show(frame)).toBe(Raw.PADDED)
  expect(payload.length % padding, Raw.show(frame)).toBe(0)
  const end = payload.length - payload.readUInt8(0)
  expect(payload.subarray(end)).toEqual(Buffer.alloc(payload.length - end))
  return { ...frame, payload: payload.subarray(1, end) }
}

const isEnd = ({ flags, streamId, type }: Raw.RawFrame): boolean =>
  streamId > 0 && (type === Type.DATA || type === Type.HEADERS) && (flags & Raw.END_STREAM) !== 0

/** The message of stream `id`, all of whose frames are padded but for an empty last one. */
const message = (peer: RawPeer, id: number) =>
  Effect.map(
    peer.until(`the message of ${id}`, (frame) => frame.streamId === id && isEnd(frame)),
    (frames) => {
      const own = frames.filter(({ payload, streamId }) => streamId === id && payload.length > 0).map(unpadded)
      return {
        sections: own.filter(({ type }) => type === Type.HEADERS).map((frame) => peer.fields(frame)),
        body: Buffer.concat(own.filter(({ type }) => type === Type.DATA).map(({ payload }) => payload))
      }
    }
  )

/** Bodies whose lengths stand around multiples and frames. */
const lengths = [1, 61, 62, 63, 64, 65, 127, 4095, 4096, 5000, 16_382, 16_383, 16_384, 40_000]

const octets = (length: number): Buffer => U.randomBytes(length, length)

const ok = (id: number): Uint8Array => Raw.headers(id, [0x88])

describe("10.7 padding", () => {
  U.check("of responses: heads, bodies, trailers, all through [rfc9113-6.1-1] [rfc9113-6.2-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(
        (request) =>
          Effect.zipRight(
            request.informational(103, request.headers),
            Effect.succeed(
              Http2ServerResponse.make({
                body:
                  request.path === "/stream"
                    ? Stream.make(octets(100), octets(5000))
                    : octets(Number(request.path.slice(1))),
                trailers: { "x-trailer": request.path }
              })
            )
          ),
        { padding }
      )
      yield* S.shake(peer)
      for (const [i, path] of [...lengths.map((length) => `/${length}`), "/stream"].entries()) {
        const id = 2 * i + 1
        yield* peer.send(Raw.windowUpdate(0, 100_000), Raw.headers(id, S.request({ ":path": path })))
        const { body, sections } = yield* message(peer, id)
        const expected = path === "/stream" ? [octets(100), octets(5000)] : [octets(Number(path.slice(1)))]
        expect(body.equals(Buffer.concat(expected))).toBe(true)
        expect(sections.map(([first]) => first)).toEqual([
          [":status", "103"],
          [":status", "200"],
          ["x-trailer", path]
        ])
      }
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("of requests: heads, bodies, trailers, all through [rfc9113-6.1-1] [rfc9113-6.2-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, { padding })
      yield* C.shake(peer)
      yield* peer.roundTrip
      for (const [i, length] of lengths.entries()) {
        const id = 2 * i + 1
        yield* peer.send(Raw.windowUpdate(0, 100_000))
        yield* peer.roundTrip
        const whole = i % 2 === 0
        const body = whole ? octets(length) : Stream.make(octets(length))
        const trailers = { "x-trailer": String(length) }
        const asked = yield* Effect.forkScoped(
          client.collect({ method: "POST", path: `/${length}`, body, ...(whole ? {} : { trailers }) })
        )
        const received = yield* message(peer, id)
        expect(received.body.equals(octets(length))).toBe(true)
        expect(received.sections[0]).toContainEqual([":path", `/${length}`])
        expect(received.sections[1]).toEqual(whole ? undefined : [["x-trailer", String(length)]])
        yield* peer.send(ok(id))
        yield* Fiber.join(asked)
      }
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("of a head that one frame does not hold: in the first, and of all of it", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(
        (request) =>
          Effect.succeed(
            Http2ServerResponse.empty({ headers: { "x-large": "~".repeat(Number(request.path.slice(1))) } })
          ),
        { padding }
      )
      yield* S.shake(peer)
      // The second needs another frame only for its padding.
      for (const [i, length] of [20_000, 16_384 - 80, 30_000].entries()) {
        const id = 2 * i + 1
        yield* peer.send(Raw.headers(id, S.request({ ":path": `/${length}` })))
        const isBlockEnd = ({ flags, streamId }: Raw.RawFrame): boolean =>
          streamId === id && (flags & Raw.END_HEADERS) !== 0
        const frames = (yield* peer.until("the block", isBlockEnd)).filter(({ streamId }) => streamId === id)
        const [first, ...rest] = frames
        if (first === undefined) return yield* peer.fail("HEADERS were expected")
        expect(frames.reduce((sum, { payload }) => sum + payload.length, 0) % padding).toBe(0)
        for (const { payload } of frames) expect(payload.length).toBeLessThanOrEqual(16_384)
        const end = first.payload.length - first.payload.readUInt8(0)
        expect(first.payload.subarray(end)).toEqual(Buffer.alloc(first.payload.length - end))
        for (const { flags, type } of rest) expect([type, flags & Raw.PADDED]).toEqual([Type.CONTINUATION, 0])
        const block = Buffer.concat([first.payload.subarray(1, end), ...rest.map(({ payload }) => payload)])
        const fields = new Map(peer.fields({ ...first, payload: block }))
        expect(fields.get("x-large")?.length).toBe(length)
      }
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("of PUSH_PROMISE [rfc9113-6.6-2]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(
        (request) =>
          Effect.as(
            request.path === "/pushed" ? Effect.void : request.push({ path: "/pushed" }),
            Http2ServerResponse.text(request.path)
          ),
        { padding }
      )
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.request({ ":path": "/with" })))
      const { payload } = unpadded(yield* peer.frame(Type.PUSH_PROMISE, 1))
      expect(payload.readUInt32BE()).toBe(2)
      const fields = peer.fields({ payload: payload.subarray(4) })
      expect(fields).toContainEqual([":path", "/pushed"])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

/** Lengths of the DATA frames on stream 1 up to now, and how much of each is data. */
const dataNow = (peer: RawPeer): Effect.Effect<ReadonlyArray<readonly [length: number, data: number]>> =>
  Effect.map(Effect.all([peer.roundTrip, peer.roundTrip]), (frames) =>
    frames
      .flat()
      .filter(({ streamId, type }) => type === Type.DATA && streamId === 1)
      .map(({ flags, payload }) => {
        const isPadded = (flags & Raw.PADDED) !== 0
        return [payload.length, isPadded ? payload.length - 1 - payload.readUInt8(0) : payload.length] as const
      })
  )

describe("6.9.1 padding and windows", () => {
  /** Windows as they open, and the frames of a body of 200 octets that come of each. */
  const steps: ReadonlyArray<
    readonly [increment: number, frames: ReadonlyArray<readonly [length: number, data: number]>]
  > = [
    // No room for a pad length, then for no padding, then for some.
    [1, [[1, 1]]],
    [2, [[2, 1]]],
    [10, [[10, 9]]],
    [64, [[64, 63]]],
    [
      100,
      [
        [64, 63],
        [36, 35]
      ]
    ],
    [30, [[30, 28]]]
  ]

  U.check("of a stream: padded as far as they have room, and no further [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.make({ body: octets(200) })), {
        padding
      })
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(Raw.headers(1, S.get))
      expect(yield* dataNow(peer)).toEqual([])
      for (const [increment, frames] of steps) {
        yield* peer.send(Raw.windowUpdate(1, increment))
        expect(yield* dataNow(peer)).toEqual(frames)
      }
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("that have room for a small body and not for its padding [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.make({ body: octets(60) })), {
        padding
      })
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 62])
      yield* peer.send(Raw.headers(1, S.get))
      expect(yield* dataNow(peer)).toEqual([[62, 60]])
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("10.7 padding to and from node:http2", () => {
  U.check("bodies of many lengths, there and back", () =>
    Effect.gen(function* () {
      const stats = Http2Stats.make()
      const port = yield* S.listen(
        (request) => Effect.map(request.bytes(), (body) => Http2ServerResponse.make({ body })),
        stats,
        {
          padding: 200
        }
      )
      const session = yield* Effect.acquireRelease(
        Effect.sync(() =>
          Http2.connect(`http://127.0.0.1:${port}`, { paddingStrategy: Http2.constants.PADDING_STRATEGY_MAX })
        ),
        (session) => Effect.async<void>((resume) => session.close(() => resume(Effect.void)))
      )
      for (const length of [1, 199, 200, 16_384, 100_000, 1_000_000]) {
        const body = octets(length)
        const received = yield* Effect.async<Buffer>((resume) => {
          const parts: Array<Buffer> = []
          const stream = session.request({ ":method": "POST", ":path": "/" })
          stream.on("data", (part: Buffer) => parts.push(part))
          stream.on("end", () => resume(Effect.succeed(Buffer.concat(parts))))
          stream.on("error", (error) => resume(Effect.die(error)))
          stream.end(body)
        })
        expect(received.equals(body)).toBe(true)
      }
    })
  )
})
