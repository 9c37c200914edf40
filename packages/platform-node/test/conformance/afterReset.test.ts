/** Nothing is sent on a stream that is over, however much was waiting to be sent when it ended (RFC 9113 §5.1, §6.4). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

const whole = new Uint8Array(200_000)
/** The same in pieces: what comes behind waits in its producer, not in the connection. */
const pieces = Stream.fromIterable(Array.from({ length: 20 }, () => new Uint8Array(10_000))).pipe(Stream.rechunk(1))
const bodies = [
  ["octets", whole],
  ["a Stream", pieces]
] as const

/** The stream's window is large, the connection's is used up: credit for the connection would let the rest go. */
const windows = [Setting.INITIAL_WINDOW_SIZE, 1_000_000] as const
const credit = [Raw.windowUpdate(0, 1_000_000), Raw.settings([Setting.INITIAL_WINDOW_SIZE, 2_000_000])] as const

/** Waits until the connection's window is used up. */
const untilBlocked = (peer: RawPeer): Effect.Effect<void> =>
  Effect.gen(function* () {
    let octets = 0
    while (octets < 65_535) octets += (yield* peer.frame(Type.DATA, 1)).payload.length
  })

/** What comes on stream 1 once there is credit. */
const behind = (peer: RawPeer): Effect.Effect<ReadonlyArray<Raw.RawFrame>> =>
  Effect.gen(function* () {
    yield* peer.send(...credit)
    const frames = [...(yield* peer.roundTrip), ...(yield* peer.roundTrip)]
    return frames.filter(({ streamId }) => streamId === 1)
  })

describe("at a server", () => {
  for (const [what, body] of bodies) {
    U.check(`the client's RST_STREAM stops a response of ${what} [rfc9113-6.4-1] [rfc9113-5.1-8]`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.make({ body })))
        yield* S.shake(peer, windows)
        yield* peer.send(Raw.headers(1, S.get))
        yield* untilBlocked(peer)
        yield* peer.send(Raw.rstStream(1, Code.CANCEL))
        expect(yield* behind(peer)).toEqual([])
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  U.check("our own RST_STREAM is the last frame of the stream [rfc9113-5.1-8] [rfc9113-5.4.2-2]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(({ stream }) =>
        Effect.as(
          Effect.forkDaemon(Effect.zipRight(stream.awaitWindow(1_500_000), stream.reset(ErrorCode.INTERNAL_ERROR))),
          Http2ServerResponse.make({ body: whole })
        )
      )
      yield* S.shake(peer, windows)
      yield* peer.send(Raw.headers(1, S.get))
      yield* untilBlocked(peer)
      yield* peer.send(Raw.windowUpdate(1, 1_000_000))
      yield* peer.frame(Type.RST_STREAM, 1)
      expect(yield* behind(peer)).toEqual([])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("a stream that is over gives no credit, though its body is read later [rfc9113-5.1-8]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(
        (request) => Effect.as(Effect.ignore(request.bytes()), Http2ServerResponse.text("read")),
        { initialWindowSize: 20_000 }
      )
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.post, Raw.OPEN))
      yield* peer.send(Raw.data(1, new Uint8Array(15_000)), Raw.data(1, new Uint8Array(4_000), Raw.END_STREAM))
      const frames = [...(yield* peer.until("an answer", ({ type }) => type === Type.DATA)), ...(yield* peer.roundTrip)]
      expect(frames.filter(({ streamId, type }) => streamId === 1 && type === Type.WINDOW_UPDATE)).toEqual([])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("at a client", () => {
  for (const [what, body] of bodies) {
    U.check(`the server's RST_STREAM stops a request of ${what} [rfc9113-6.4-1] [rfc9113-5.1-8]`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer, windows)
        yield* peer.roundTrip
        const asked = yield* C.ask(client, peer, { method: "POST", body })
        yield* untilBlocked(peer)
        yield* peer.send(Raw.rstStream(1, Code.INTERNAL_ERROR))
        expect(yield* Effect.flip(Fiber.join(asked.result))).toMatchObject({ code: Code.INTERNAL_ERROR })
        expect(yield* behind(peer)).toEqual([])
        yield* C.goOn(asked)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )

    U.check(`RST_STREAM(CANCEL) of a request of ${what} is its last frame [rfc9113-5.1-8]`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer, windows)
        yield* peer.roundTrip
        const asked = yield* C.ask(client, peer, { method: "POST", body })
        yield* untilBlocked(peer)
        yield* Fiber.interrupt(asked.result)
        expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.CANCEL))
        expect(yield* behind(peer)).toEqual([])
        yield* C.goOn(asked)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }
})
