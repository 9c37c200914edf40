/** The streams that a server has promised: how many there may be, what a client may send on them, and how it ends them. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as P from "./support/pushCase.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

describe("5.1.2 concurrency of pushed streams", () => {
  P.check(
    "a client's limit holds for promises too: one more is not made [rfc9113-5.1.2-1]",
    P.pushing(P.hang, P.css),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = yield* P.upToEnd(peer, 1)
        expect(P.textOf(frames, 1)).toBe(`pushed,${P.misuse("5.1.2")}`)
        yield* peer.send(Raw.rstStream(2, Code.CANCEL), Raw.headers(3, S.get))
        expect(P.textOf(yield* P.upToEnd(peer, 3), 3)).toBe(`pushed,${P.misuse("5.1.2")}`)
        yield* peer.send(Raw.rstStream(4, Code.CANCEL))
      }),
    { settings: [[Setting.MAX_CONCURRENT_STREAMS, 1]] }
  )

  P.check(
    "a limit of none [rfc9113-5.1.2-1]",
    P.pushing(P.css),
    (peer) => Effect.map(P.asked(peer), (text) => expect(text).toBe(P.misuse("5.1.2"))),
    { settings: [[Setting.MAX_CONCURRENT_STREAMS, 0]] }
  )

  P.check(
    "our own limit, where the client has none",
    P.pushing(P.hang, P.css),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        expect(P.textOf(yield* P.upToEnd(peer, 1), 1)).toBe(`pushed,${P.misuse("5.1.2")}`)
        yield* peer.send(Raw.rstStream(2, Code.CANCEL))
      }),
    { maxConcurrentStreams: 1 }
  )

  U.check("one that was lowered since the promise: the stream is given up, and not begun [rfc9113-5.1.2-1]", () =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch()
      const [peer, stats] = yield* S.open((request) =>
        request.path === "/"
          ? Effect.map(P.attempt(request, { path: "/later" }), (text) => Http2ServerResponse.text(text))
          : Effect.as(latch.await, Http2ServerResponse.text("late"))
      )
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.get))
      yield* P.upToEnd(peer, 1)
      yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 0]))
      yield* peer.roundTrip
      yield* latch.open
      const frames = yield* peer.until("RST_STREAM", ({ type }) => type === Type.RST_STREAM)
      expect(frames.filter(P.isResponse)).toEqual([])
      yield* S.streamError(2, Code.CANCEL)({ peer, seen: frames })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

/** `/` has a promise out that is not answered, on stream 2. */
const reserved = Effect.gen(function* () {
  const [peer, stats] = yield* S.open(P.pushing(P.hang))
  yield* S.shake(peer)
  yield* peer.send(Raw.headers(1, S.get))
  yield* P.upToEnd(peer, 1)
  return [peer, stats] as const
})

describe("5.1 reserved (local)", () => {
  const refused: ReadonlyArray<readonly [title: string, frame: Uint8Array]> = [
    ["HEADERS [rfc9113-5.1-4]", Raw.headers(2, S.get)],
    ["HEADERS without END_STREAM [rfc9113-5.1-4]", Raw.headers(2, S.get, Raw.OPEN)],
    ["DATA [rfc9113-5.1-4]", Raw.data(2, "test")],
    ["DATA with END_STREAM [rfc9113-5.1-4]", Raw.data(2, "", Raw.END_STREAM)],
    ["CONTINUATION [rfc9113-5.1-4]", Raw.continuation(2, S.get)],
    ["PUSH_PROMISE [rfc9113-5.1-4] [rfc9113-8.4-6]", Raw.pushPromise(2, 4, S.get)]
  ]
  for (const [title, frame] of refused) {
    U.check(title, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* reserved
        yield* peer.send(frame)
        yield* S.connectionError(Code.PROTOCOL_ERROR)({ peer, seen: [] })
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  U.check("WINDOW_UPDATE and PRIORITY are taken, and nothing is sent on it [rfc9113-5.1-4] [rfc9113-5.1-3]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* reserved
      yield* peer.send(Raw.windowUpdate(2, 100), Raw.priority(2, 0))
      const frames = yield* S.goOn(peer)
      expect(frames.filter(({ streamId }) => streamId === 2)).toEqual([])
      yield* peer.send(Raw.rstStream(2, Code.CANCEL))
      yield* peer.roundTrip
      expect(stats.handlersInterrupted).toBe(1)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  for (const [name, code] of Object.entries({ CANCEL: Code.CANCEL, REFUSED_STREAM: Code.REFUSED_STREAM })) {
    U.check(`RST_STREAM(${name}) interrupts the handler`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* reserved
        yield* peer.send(Raw.rstStream(2, code))
        yield* S.ignored({ peer, seen: [] })
        expect([stats.handlersInterrupted, stats.activeStreams]).toEqual([1, 0])
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  U.check("a window that was given before the response is one that it uses [rfc9113-5.1-4]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open((request) =>
        request.path === "/"
          ? Effect.map(P.attempt(request, P.css), (text) => Http2ServerResponse.text(text))
          : Effect.as(Effect.yieldNow(), Http2ServerResponse.text("x".repeat(40)))
      )
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 10])
      yield* peer.send(Raw.headers(1, S.get))
      yield* peer.frame(Type.PUSH_PROMISE, 1)
      yield* peer.send(Raw.windowUpdate(2, 30))
      expect(P.textOf(yield* P.upToEnd(peer, 2), 2)).toHaveLength(40)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("what comes once the response has begun: the client has no side there [rfc9113-5.1-7]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(P.pushing(P.css))
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 10])
      yield* peer.send(Raw.headers(1, S.get))
      yield* peer.frame(Type.DATA, 2)
      yield* peer.send(Raw.data(2, "test"))
      yield* S.streamError(2, Code.STREAM_CLOSED)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.8 GOAWAY of a client", () => {
  U.check("ends the promised streams above its last id, and with it new promises [rfc9113-6.8-1]", () =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch()
      const [peer, stats] = yield* S.open((request) =>
        Effect.gen(function* () {
          if (request.path !== "/") return yield* Effect.as(latch.await, Http2ServerResponse.text("late"))
          yield* P.attempt(request, P.css)
          yield* P.attempt(request, P.css)
          yield* latch.await
          return Http2ServerResponse.text(yield* P.attempt(request, P.css))
        })
      )
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.get))
      yield* peer.frame(Type.PUSH_PROMISE, 1)
      yield* peer.frame(Type.PUSH_PROMISE, 1)
      yield* peer.send(Raw.goAway(2, Code.NO_ERROR))
      yield* peer.roundTrip
      expect(stats.handlersInterrupted).toBe(1)
      yield* latch.open
      const frames = yield* P.upToEnd(peer, 1)
      if (!frames.some(P.ends(2))) yield* P.upToEnd(peer, 2)
      expect(P.textOf(frames, 1)).toBe(P.misuse("6.8"))
      expect(frames.filter(({ streamId }) => streamId === 4)).toEqual([])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
