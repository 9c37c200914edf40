/** Connection errors, extensions, and the frames of stream 0, at a server. */
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

S.serverCases("5.4.1 connection errors, 5.5 extensions", [
  {
    title: "GOAWAY, then the end, and nothing of what follows is answered [rfc9113-5.4.1-1] [rfc9113-5.4.1-2]",
    steps: [Buffer.concat([Raw.ping("1234567"), Raw.ping(S.pong), Raw.headers(1, S.get)])],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "one error is reported where there are several [rfc9113-5.4-1] [rfc9113-5.4-2] [rfc9113-5.4-3]",
    steps: [Buffer.concat([Raw.data(0, "x"), Raw.ping("1234567"), Raw.headers(2, S.get)])],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "one error of a stream is reported where there are several [rfc9113-5.4-1]",
    steps: [
      Raw.headers(
        1,
        Buffer.concat([Raw.priorityFields(1), S.request({ te: "gzip", "content-length": "x" })]),
        Raw.OPEN | Raw.PRIORITY
      ),
      Raw.data(1, "test", Raw.END_STREAM),
      Raw.windowUpdate(1, 0)
    ],
    outcome: S.streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "unknown frames on stream 0 and on streams in any state [rfc9113-5.5-1] [rfc9113-5.5-2]",
    steps: [
      Raw.frame(0x0a, 0xff, 0),
      Raw.frame(0x0b, 0xff, 9),
      Raw.headers(1, S.get),
      Raw.frame(0xff, 0xff, 1, "0123"),
      Raw.frame(0x20, 1, 2, "0123")
    ],
    outcome: S.ignored
  }
])

S.serverCases("6.5 SETTINGS", [
  {
    title: "an acknowledgement with octets [rfc9113-6.5-4]",
    steps: [Raw.frame(Type.SETTINGS, Raw.ACK, 0, "\x00\x04\x00\x00\x00\x00")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "on a stream [rfc9113-6.5-6]",
    steps: [Raw.frame(Type.SETTINGS, 0, 1, "\x00\x04\x00\x00\x00\x00")],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "3 octets long [rfc9113-6.5-8]",
    steps: [Raw.frame(Type.SETTINGS, 0, 0, "\x00\x03\x00")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "7 octets long [rfc9113-6.5-8]",
    steps: [Raw.frame(Type.SETTINGS, 0, 0, "\x00\x03\x00\x00\x00\x00\x00")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  { title: "an acknowledgement that nobody waits for", steps: [Raw.settingsAck], outcome: S.ignored },
  ...(
    [
      [Setting.ENABLE_PUSH, 2, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-3] [rfc9113-6.5-7"],
      [Setting.ENABLE_PUSH, 0xffffffff, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-3"],
      [Setting.INITIAL_WINDOW_SIZE, 0x80000000, Code.FLOW_CONTROL_ERROR, "rfc9113-6.5.2-9"],
      [Setting.INITIAL_WINDOW_SIZE, 0xffffffff, Code.FLOW_CONTROL_ERROR, "rfc9113-6.5.2-9"],
      [Setting.MAX_FRAME_SIZE, 0, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-11] [rfc9113-6.5-7"],
      [Setting.MAX_FRAME_SIZE, 16_383, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-11"],
      [Setting.MAX_FRAME_SIZE, 16_777_216, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-11"],
      [Setting.ENABLE_CONNECT_PROTOCOL, 2, Code.PROTOCOL_ERROR, "rfc8441-3-1"]
    ] as const
  ).map(([id, value, code, rule]): S.Case => ({
    title: `setting ${id} of ${value} [${rule}]`,
    steps: [Raw.settings([id, value])],
    outcome: S.connectionError(code)
  })),
  {
    title: "a value out of range in front of one in range, of the same setting [rfc9113-6.5.3-2]",
    steps: [Raw.settings([Setting.ENABLE_PUSH, 2], [Setting.ENABLE_PUSH, 0])],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "every setting at its bounds [rfc9113-6.5-2]",
    steps: [
      Raw.settings([1, 0], [2, 0], [3, 0], [4, 0x7fffffff], [5, 16_777_215], [6, 0xffffffff]),
      Raw.settings([1, 0xffffffff], [2, 1], [3, 0xffffffff], [4, 0], [5, 16_384])
    ],
    outcome: S.ignored
  },
  {
    title: "an unknown setting [rfc9113-6.5.2-12] [rfc9113-6.5.3-3]",
    steps: [Raw.settings([0xff, 1], [0, 1], [7, 0xffffffff], [0xffff, 0])],
    outcome: S.ignored
  },
  { title: "unknown flags and no entry", steps: [Raw.frame(Type.SETTINGS, 0xfe, 0)], outcome: S.ignored }
])

describe("6.5.3 settings synchronization", () => {
  U.check("each SETTINGS is acknowledged at once, in order [rfc9113-6.5.3-1] [rfc9113-6.5.3-4]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer)
      yield* peer.send(
        Raw.settings([Setting.ENABLE_PUSH, 0]),
        Raw.ping(S.pong),
        Raw.settings([Setting.MAX_FRAME_SIZE, 16_385]),
        Raw.ping("87654321")
      )
      const frames = yield* peer.until("the second answer", ({ payload }) => payload.toString() === "87654321")
      expect(frames.map(({ type }) => type).filter((type) => type !== Type.WINDOW_UPDATE)).toEqual([
        Type.SETTINGS,
        Type.PING,
        Type.SETTINGS,
        Type.PING
      ])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

S.serverCases("6.7 PING, 6.8 GOAWAY, 7 error codes", [
  {
    title: "PING is answered with its octets [rfc9113-6.7-2] [rfc9113-6.7-4]",
    steps: [Raw.ping(S.pong)],
    outcome: S.answersPing
  },
  {
    title: "PING with ACK is not answered [rfc9113-6.7-5]",
    steps: [Buffer.concat([Raw.ping("invalid!", Raw.ACK), Raw.ping(S.pong)])],
    outcome: ({ peer, seen }) =>
      Effect.gen(function* () {
        const frames = [...seen, ...(yield* S.goOn(peer))]
        const answers = frames.filter(({ type }) => type === Type.PING).map(({ payload }) => payload.toString())
        expect(answers).toContain(S.pong)
        expect(answers).not.toContain("invalid!")
      })
  },
  {
    title: "[CVE-2019-9512] PING without end, whose answers are read [rfc9113-10.5-2]",
    steps: [Buffer.concat(Array.from({ length: 3000 }, () => Raw.ping(S.pong)))],
    outcome: S.connectionError(Code.ENHANCE_YOUR_CALM)
  },
  {
    title: "PING on a stream [rfc9113-6.7-6]",
    steps: [Raw.frame(Type.PING, 0, 1, S.pong)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  ...[0, 6, 9].map((length): S.Case => ({
    title: `PING of ${length} octets [rfc9113-6.7-7]`,
    steps: [Raw.frame(Type.PING, 0, 0, new Uint8Array(length))],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "GOAWAY on a stream [rfc9113-6.8-4]",
    steps: [Raw.frame(Type.GOAWAY, 0, 1, Octets.uint32(0, 0))],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "GOAWAY of 7 octets",
    steps: [Raw.frame(Type.GOAWAY, 0, 0, "1234567")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "GOAWAY: the client's streams go on, and with the last of them the connection ends",
    steps: [
      Raw.headers(1, S.post, Raw.OPEN),
      Raw.goAway(0, Code.NO_ERROR, "h2spec"),
      Raw.headers(3, S.get),
      Raw.data(1, "test", Raw.END_STREAM)
    ],
    outcome: ({ peer, seen }) =>
      Effect.gen(function* () {
        const [rest] = yield* peer.toEnd
        const frames = [...seen, ...rest]
        const bodies = frames.filter(({ type }) => type === Type.DATA).map(({ payload }) => payload.toString())
        expect(bodies.sort()).toEqual(["0", "4"])
        expect(frames.at(-1)?.payload.toString("hex")).toBe("0000000300000000")
      }),
    handlers: ["reading"]
  },
  {
    title: "GOAWAY with nothing open: the connection ends, also with an unknown error code [rfc9113-7-1]",
    steps: [Raw.goAway(0, 0xff)],
    outcome: S.connectionError(Code.NO_ERROR)
  },
  {
    title: "RST_STREAM with an unknown error code [rfc9113-7-1]",
    steps: [Raw.headers(1, S.get, Raw.OPEN), Raw.rstStream(1, 0xff)],
    outcome: S.ignored
  }
])
