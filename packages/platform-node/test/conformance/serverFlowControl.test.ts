/** Flow control at a server, in both directions. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { connectionError, streamError } = S

const most = 0x7fffffff
const opened = Raw.headers(1, S.post, Raw.OPEN)
const whole = Raw.headers(1, S.get)

S.serverCases("6.9 WINDOW_UPDATE", [
  {
    title: "by 0, of the connection [rfc9113-6.9-2]",
    steps: [Raw.windowUpdate(0, 0)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "by 0 and the reserved bit, of the connection [rfc9113-6.9-2]",
    steps: [Raw.windowUpdate(0, 0x80000000)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "by 0, of a stream [rfc9113-6.9-2]",
    steps: [opened, Raw.windowUpdate(1, 0)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  ...[0, 3, 5].map((length): S.Case => ({
    title: `${length} octets, of a stream [rfc9113-6.9-5]`,
    steps: [opened, Raw.frame(Type.WINDOW_UPDATE, 0, 1, new Uint8Array(length))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "3 octets, of the connection [rfc9113-6.9-5]",
    steps: [Raw.frame(Type.WINDOW_UPDATE, 0, 0, "123")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  }
])

S.serverCases("6.9.1 the flow-control window", [
  {
    title: "of the connection, up to 2^31-1 [rfc9113-6.9.1-2]",
    steps: [Raw.windowUpdate(0, most - 65_535)],
    outcome: S.ignored
  },
  {
    title: "of the connection, beyond 2^31-1 [rfc9113-6.9.1-3]",
    steps: [Buffer.concat([Raw.windowUpdate(0, most), Raw.windowUpdate(0, most)])],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR)
  },
  {
    title: "of the connection, by 1 beyond 2^31-1 [rfc9113-6.9.1-2] [rfc9113-6.9.1-3]",
    steps: [Raw.windowUpdate(0, most - 65_535), Raw.windowUpdate(0, 1)],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR)
  },
  {
    title: "of a stream, up to 2^31-1 [rfc9113-6.9.1-2]",
    steps: [opened, Raw.windowUpdate(1, most - 65_535)],
    outcome: S.ignored,
    handlers: ["reading", "hanging"]
  },
  {
    title: "of a stream, beyond 2^31-1 [rfc9113-6.9.1-3]",
    steps: [opened, Raw.windowUpdate(1, most), Raw.windowUpdate(1, most)],
    outcome: streamError(1, Code.FLOW_CONTROL_ERROR)
  },
  {
    title: "of a stream, by 1 beyond 2^31-1 [rfc9113-6.9.1-2] [rfc9113-6.9.1-3]",
    steps: [opened, Raw.windowUpdate(1, most - 65_535), Raw.windowUpdate(1, 1)],
    outcome: streamError(1, Code.FLOW_CONTROL_ERROR),
    handlers: ["reading", "hanging"]
  },
  {
    title: "of a half-closed stream, beyond 2^31-1 [rfc9113-6.9.1-3]",
    steps: [whole, Raw.windowUpdate(1, most)],
    outcome: streamError(1, Code.FLOW_CONTROL_ERROR),
    handlers: ["hanging"]
  },
  {
    title: "of a stream, beyond 2^31-1 by SETTINGS [rfc9113-6.9.2-3]",
    steps: [opened, Raw.windowUpdate(1, most - 65_535), Raw.settings([Setting.INITIAL_WINDOW_SIZE, 65_536])],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR),
    handlers: ["reading", "hanging"]
  }
])

const sum = (lengths: ReadonlyArray<number>): number => lengths.reduce((a, b) => a + b, 0)

/** A server whose answer is `length` octets, and the window that the client begins with. */
const check = (
  title: string,
  length: number,
  initialWindow: number,
  script: (peer: RawPeer) => Effect.Effect<void>
): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(() =>
        Effect.succeed(Http2ServerResponse.make({ body: new Uint8Array(length) }))
      )
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, initialWindow])
      yield* script(peer)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

describe("6.9.1, 6.9.2 what we send", () => {
  check("one octet for a window of one [rfc9113-6.9.1-1]", 12, 1, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(whole)
      expect(yield* peer.dataNow).toEqual([1])
      for (let i = 0; i < 3; i++) {
        yield* peer.send(Raw.windowUpdate(1, 1))
        expect(yield* peer.dataNow).toEqual([1])
      }
      yield* peer.send(Raw.windowUpdate(1, 100))
      expect((yield* peer.frame(Type.DATA, 1)).payload.length).toBe(8)
    })
  )

  check("a window that opens after HEADERS [rfc9113-6.9.2-1]", 12, 0, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(whole)
      yield* peer.frame(Type.HEADERS, 1)
      expect(yield* peer.dataNow).toEqual([])
      yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 1]))
      expect(yield* peer.dataNow).toEqual([1])
    })
  )

  check("a window below 0 [rfc9113-6.9.2-2]", 12, 3, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(whole)
      expect(yield* peer.dataNow).toEqual([3])
      yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 2]))
      expect(yield* peer.dataNow).toEqual([])
      yield* peer.send(Raw.windowUpdate(1, 1))
      expect(yield* peer.dataNow).toEqual([])
      yield* peer.send(Raw.windowUpdate(1, 1))
      expect(yield* peer.dataNow).toEqual([1])
    })
  )

  check("the last of several values in one SETTINGS counts [rfc9113-6.5.3-2]", 12, 65_535, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 100], [Setting.INITIAL_WINDOW_SIZE, 1]), whole)
      expect(yield* peer.dataNow).toEqual([1])
    })
  )

  check("WINDOW_UPDATE in front of the response [rfc9113-6.9.1-1]", 12, 0, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(whole, Raw.windowUpdate(1, 5))
      expect(sum(yield* peer.dataNow)).toBe(5)
    })
  )

  check("the connection's window [rfc9113-5.2.1-1]", 100_000, most, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(whole)
      const lengths = yield* peer.dataNow
      expect(sum(lengths)).toBe(65_535)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(16_384)
      yield* peer.send(Raw.windowUpdate(0, 1))
      expect(yield* peer.dataNow).toEqual([1])
      yield* peer.send(Raw.windowUpdate(0, 100_000))
    })
  )

  U.check("WINDOW_UPDATE while a handler has not answered yet [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("reading")
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(opened)
      yield* peer.roundTrip
      yield* peer.send(Raw.windowUpdate(1, 1))
      yield* peer.roundTrip
      yield* peer.send(Raw.data(1, new Uint8Array(12), Raw.END_STREAM))
      expect((yield* peer.frame(Type.DATA, 1)).payload.length).toBe(1)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.9, 8.1 what we receive", () => {
  U.check("DATA beyond the stream's window [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("hanging", { initialWindowSize: 1000 })
      yield* S.shake(peer)
      yield* peer.send(opened, Raw.data(1, new Uint8Array(1000)))
      yield* peer.roundTrip
      yield* peer.send(Raw.data(1, "x"))
      yield* streamError(1, Code.FLOW_CONTROL_ERROR)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("DATA beyond the connection's window, padding counted [rfc9113-6.9-4]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("hanging", { initialWindowSize: most, connectionWindowSize: 65_535 })
      yield* S.shake(peer)
      const frames = Array.from({ length: 4 }, () => Raw.data(1, new Uint8Array(16_000)))
      yield* peer.send(opened, ...frames)
      yield* peer.roundTrip
      // 1535 octets are left of 65,535. The data alone would find its place.
      yield* peer.send(Raw.data(1, Raw.padded(new Uint8Array(1280), 255), Raw.PADDED))
      yield* connectionError(Code.FLOW_CONTROL_ERROR)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check(
    "a request that goes on behind its response is dropped up to half a window, then told to stop [rfc9113-8.1-5]",
    () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open("answering", { initialWindowSize: 20_000, connectionWindowSize: 65_535 })
        yield* S.shake(peer)
        yield* peer.send(opened, Raw.data(1, new Uint8Array(9_999)))
        const before = yield* peer.roundTrip
        expect(before.filter(({ type }) => type === Type.RST_STREAM)).toEqual([])
        yield* peer.send(Raw.data(1, "x"))
        expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.NO_ERROR))
        // Still on its way when the client hears of it: it goes back to the connection's window.
        for (let i = 0; i < 4; i++) yield* peer.send(Raw.data(1, new Uint8Array(16_000)))
        yield* peer.frame(Type.WINDOW_UPDATE)
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )

  U.check("a request that stands still behind its response is told to stop", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering", { stallTimeout: "20 millis" })
      yield* S.shake(peer)
      yield* peer.send(opened)
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.NO_ERROR))
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
