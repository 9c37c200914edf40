/** The connection at a client: how it begins, what a frame may look like, and the frames of stream 0. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Oversized from "./support/oversized.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft, pong } from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { connectionError } = C

const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)

describe("3.4 starting HTTP/2", () => {
  U.check("preface and SETTINGS, without push [rfc9113-3.4-1] [rfc9113-3.4-3] [rfc9113-6.5-1]", () =>
    Effect.gen(function* () {
      const [, peer] = yield* C.open(false)
      const { payload } = yield* C.shake(peer)
      const entries: Array<readonly [number, number]> = []
      for (let at = 0; at < payload.length; at += 6)
        entries.push([payload.readUInt16BE(at), payload.readUInt32BE(at + 2)])
      expect(entries).toContainEqual([Setting.ENABLE_PUSH, 0])
      yield* peer.roundTrip
    })
  )

  const beginnings: ReadonlyArray<readonly [title: string, octets: Uint8Array, code: number]> = [
    [
      "a response of HTTP/2.0 in text [rfc9113-3.4-4]",
      Octets.octets("HTTP/2.0 400 Bad Request\r\nConnection: close\r\n\r\n"),
      Code.PROTOCOL_ERROR
    ],
    ["PING as the first frame [rfc9113-3.4-4]", Raw.ping(pong), Code.PROTOCOL_ERROR],
    ["WINDOW_UPDATE as the first frame [rfc9113-3.4-4]", Raw.windowUpdate(0, 1), Code.PROTOCOL_ERROR],
    ["an acknowledgement as the first frame [rfc9113-3.4-4]", Raw.settingsAck, Code.PROTOCOL_ERROR],
    ["HEADERS as the first frame [rfc9113-3.4-4]", ok, Code.PROTOCOL_ERROR],
    ["GOAWAY as the first frame [rfc9113-3.4-4]", Raw.goAway(0, Code.NO_ERROR), Code.PROTOCOL_ERROR],
    ["an unknown frame as the first frame [rfc9113-3.4-4]", Raw.frame(0xee, 0, 0), Code.PROTOCOL_ERROR]
  ]
  for (const [title, octets, code] of beginnings) {
    U.check(title, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        const asked = yield* C.ask(client, peer)
        yield* peer.send(octets)
        yield* connectionError(code)(asked)
        peer.end()
        yield* nothingLeft(stats)
      })
    )
  }
})

C.clientCases("4.1 frame format", [
  {
    title: "an unknown frame, unknown flags, the reserved bit [rfc9113-4.1-2] [rfc9113-4.1-3] [rfc9113-4.1-4]",
    steps: [
      Raw.frame(0xee, 0xff, 1, "0123"),
      Raw.headers(0x80000001, [0x88], Raw.OPEN | 0xd2),
      Raw.data(0x80000001, "hello", Raw.END_STREAM | 0xf6)
    ],
    outcome: C.answered({ status: 200, body: "hello" })
  }
])

C.clientCases("4.2 frame size", [
  {
    title: "DATA of 16,384 octets [rfc9113-4.2-1]",
    steps: [head, Raw.data(1, "x".repeat(16_384), Raw.END_STREAM)],
    outcome: C.answered({ body: "x".repeat(16_384) })
  },
  {
    title: "DATA of 16,385 octets [rfc9113-4.2-2]",
    steps: [head, Oversized.frame(Type.DATA, 1)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  ...Oversized.cases.map((each): C.Case => ({
    ...each,
    outcome: connectionError(Code.FRAME_SIZE_ERROR),
    requests: ["whole"]
  }))
])

C.clientCases("4.3 field section compression", [
  {
    title: "a block that does not decompress [rfc9113-4.3-2]",
    steps: [Raw.headers(1, [0x88, 0x80])],
    outcome: connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "an index beyond the tables [rfc7541-2.3.3-1]",
    steps: [Raw.headers(1, [0x88, 0xc6])],
    outcome: connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a table size update beyond the limit [rfc7541-6.3-2]",
    steps: [Raw.headers(1, [0x3f, 0xe2, 0x1f, 0x88])],
    outcome: connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a table size update at the end of a block [rfc7541-4.2-2]",
    steps: [Raw.headers(1, [0x88, 0x20])],
    outcome: connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a block that does not decompress, in trailers [rfc9113-4.3-3]",
    steps: [head, Raw.headers(1, [0x80])],
    outcome: connectionError(Code.COMPRESSION_ERROR)
  },
  ...(
    [
      ["PRIORITY", Raw.priority(1, 0)],
      ["HEADERS of another stream", Raw.headers(3, [0x88])],
      ["DATA", Raw.data(1, "test")],
      ["PING", Raw.ping(pong)],
      ["an unknown frame [rfc9113-5.5-3]", Raw.frame(0xee, 0, 1, "0123")],
      ["CONTINUATION of another stream", Raw.continuation(3, "")],
      ["CONTINUATION on stream 0 [rfc9113-6.10-4]", Raw.continuation(0, "")]
    ] as const
  ).map(([what, frame]): C.Case => ({
    title: `${what} in the middle of a block [rfc9113-4.3-1] [rfc9113-6.2-3]`,
    steps: [Buffer.concat([Raw.headers(1, [0x88], 0), frame])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  }))
])

C.clientCases("6.5 SETTINGS", [
  {
    title: "an acknowledgement with octets [rfc9113-6.5-4]",
    steps: [Raw.frame(Type.SETTINGS, Raw.ACK, 0, "123456")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "on a stream [rfc9113-6.5-6]",
    steps: [Raw.frame(Type.SETTINGS, 0, 1)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "3 octets long [rfc9113-6.5-8]",
    steps: [Raw.frame(Type.SETTINGS, 0, 0, "123")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  ...(
    [
      [Setting.ENABLE_PUSH, 1, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-6"],
      [Setting.ENABLE_PUSH, 2, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-3] [rfc9113-6.5-7"],
      [Setting.INITIAL_WINDOW_SIZE, 0x80000000, Code.FLOW_CONTROL_ERROR, "rfc9113-6.5.2-9"],
      [Setting.MAX_FRAME_SIZE, 16_383, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-11"],
      [Setting.MAX_FRAME_SIZE, 16_777_216, Code.PROTOCOL_ERROR, "rfc9113-6.5.2-11] [rfc9113-6.5-7"],
      [Setting.ENABLE_CONNECT_PROTOCOL, 2, Code.PROTOCOL_ERROR, "rfc8441-3-1"]
    ] as const
  ).map(([id, value, code, rule]): C.Case => ({
    title: `setting ${id} of ${value} [${rule}]`,
    steps: [Raw.settings([id, value])],
    outcome: connectionError(code)
  })),
  {
    title: "ENABLE_PUSH 1 and 0 in one frame [rfc9113-6.5.2-6] [rfc9113-6.5.3-2]",
    steps: [Raw.settings([Setting.ENABLE_PUSH, 1], [Setting.ENABLE_PUSH, 0])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "ENABLE_CONNECT_PROTOCOL taken back [rfc8441-3-2]",
    steps: [Raw.settings([8, 1]), Raw.settings([8, 0])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "ENABLE_CONNECT_PROTOCOL taken back in one frame [rfc8441-3-2]",
    steps: [Raw.settings([8, 1], [8, 0])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "ENABLE_PUSH 0, unknown settings and every one at its bounds [rfc9113-6.5.2-12]",
    steps: [
      Raw.settings([2, 0], [0xff, 1], [0, 7], [1, 0xffffffff], [4, 0x7fffffff], [5, 16_777_215], [6, 0xffffffff]),
      ok
    ],
    outcome: C.answered({ status: 200 })
  }
])

C.clientCases("6.7 PING, 6.8 GOAWAY, 5.4.1", [
  {
    title: "PING with ACK is not answered, nor is an unknown one harmful [rfc9113-6.7-5]",
    steps: [Raw.ping(pong, Raw.ACK), ok],
    outcome: (run) =>
      Effect.gen(function* () {
        expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
        const frames = [...run.seen, ...(yield* C.goOn(run))]
        expect(frames.filter(({ payload }) => payload.toString() === pong)).toEqual([])
      })
  },
  {
    title: "[CVE-2019-9512] PING without end, whose answers are read",
    steps: [Buffer.concat(Array.from({ length: 3000 }, () => Raw.ping(pong)))],
    outcome: connectionError(Code.ENHANCE_YOUR_CALM)
  },
  {
    title: "PING on a stream [rfc9113-6.7-6]",
    steps: [Raw.frame(Type.PING, 0, 1, pong)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PING of 6 octets [rfc9113-6.7-7] [rfc9113-5.4.1-1] [rfc9113-5.4.1-2]",
    steps: [Raw.frame(Type.PING, 0, 0, "123456")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "GOAWAY on a stream [rfc9113-6.8-4]",
    steps: [Raw.frame(Type.GOAWAY, 0, 1, Octets.uint32(0, 0))],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "GOAWAY of 4 octets",
    steps: [Raw.frame(Type.GOAWAY, 0, 0, "1234")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "GOAWAY that raises the last stream id [rfc9113-6.8-5]",
    steps: [Buffer.concat([Raw.goAway(1, Code.NO_ERROR), Raw.goAway(3, Code.NO_ERROR)])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "one error is reported where there are several [rfc9113-5.4-1] [rfc9113-5.4-2] [rfc9113-5.4-3]",
    steps: [Buffer.concat([Raw.data(0, "x"), Raw.ping("1234567"), Raw.headers(2, [0x88])])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "one error of a stream is reported where there are several [rfc9113-5.4-1]",
    steps: [
      Raw.headers(1, Block.block([":path", "/"], ["A", " b "]), Raw.OPEN),
      Raw.data(1, "test"),
      Raw.windowUpdate(1, 0)
    ],
    outcome: C.streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "an error after the response, which is kept [rfc9113-5.4-3]",
    steps: [ok, Raw.ping("short")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR, { status: 200 }),
    requests: ["whole"]
  }
])
