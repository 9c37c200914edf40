/** How a connection begins at a server, and what its frames may look like. */
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Oversized from "./support/oversized.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

describe("3.4 (h2spec 1, 3.5) starting HTTP/2", () => {
  U.check("SETTINGS is the first frame, and the client's are acknowledged [rfc9113-3.4-2] [rfc9113-3.4-3]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      const settings = yield* S.shake(peer)
      // A server's ENABLE_PUSH can only be 0 (§6.5.2).
      for (let at = 0; at < settings.payload.length; at += 6) {
        if (settings.payload.readUInt16BE(at) === Setting.ENABLE_PUSH)
          expect(settings.payload.readUInt32BE(at + 2)).toBe(0)
      }
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  const beginnings: ReadonlyArray<readonly [title: string, octets: Uint8Array, code: number]> = [
    [
      "a preface that is not HTTP/2's [rfc9113-3.4-4]",
      Octets.octets("INVALID CONNECTION PREFACE\r\n\r\n"),
      Code.PROTOCOL_ERROR
    ],
    [
      "a request line of HTTP/2.0 [rfc9113-3.4-4]",
      Octets.octets("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"),
      Code.PROTOCOL_ERROR
    ],
    [
      "a preface with its last octet wrong [rfc9113-3.4-4]",
      Octets.octets(`${Raw.preface.toString("latin1").slice(0, 23)}x`),
      Code.PROTOCOL_ERROR
    ],
    ["PING as the first frame [rfc9113-3.4-1]", Buffer.concat([Raw.preface, Raw.ping(S.pong)]), Code.PROTOCOL_ERROR],
    [
      "HEADERS as the first frame [rfc9113-3.4-1]",
      Buffer.concat([Raw.preface, Raw.headers(1, S.get)]),
      Code.PROTOCOL_ERROR
    ],
    [
      "an acknowledgement as the first frame [rfc9113-3.4-1]",
      Buffer.concat([Raw.preface, Raw.settingsAck]),
      Code.PROTOCOL_ERROR
    ],
    [
      "a broken PRIORITY as the first frame [rfc9113-3.4-1]",
      Buffer.concat([Raw.preface, Raw.frame(Type.PRIORITY, 0, 1, "1234")]),
      Code.PROTOCOL_ERROR
    ],
    [
      "an unknown frame as the first frame [rfc9113-3.4-1]",
      Buffer.concat([Raw.preface, Raw.frame(0xee, 0, 0, "1234")]),
      Code.PROTOCOL_ERROR
    ],
    [
      "SETTINGS of 5 octets as the first frame [rfc9113-6.5-8]",
      Buffer.concat([Raw.preface, Raw.frame(Type.SETTINGS, 0, 0, "12345")]),
      Code.FRAME_SIZE_ERROR
    ]
  ]
  for (const [title, octets, code] of beginnings) {
    U.check(title, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open("answering")
        yield* peer.send(octets)
        yield* S.connectionError(code)({ peer, seen: [] })
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  U.check("the preface octet by octet, and half of it and the end", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      for (const octet of Buffer.concat([Raw.preface, Raw.settings()])) yield* peer.send(Buffer.of(octet))
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
      const [half, left] = yield* S.open("answering")
      yield* half.send(Raw.preface.subarray(0, 12))
      half.end()
      yield* half.toEnd
      yield* S.nothingLeft(left)
    })
  )
})

S.serverCases("4.1 frame format", [
  { title: "a frame of an unknown type [rfc9113-4.1-2]", steps: [Raw.frame(0xee, 0, 0, "0123")], outcome: S.ignored },
  { title: "unknown flags on PING [rfc9113-4.1-3]", steps: [Raw.ping(S.pong, 0xfe)], outcome: S.answersPing },
  {
    title: "the reserved bit of a stream id [rfc9113-4.1-4]",
    steps: [Raw.frame(Type.PING, 0, 0x80000000, S.pong)],
    outcome: S.answersPing
  },
  {
    title: "unknown flags and the reserved bit on a request [rfc9113-4.1-3] [rfc9113-4.1-4]",
    steps: [
      Raw.headers(0x80000001, S.post, Raw.OPEN | 0xd2),
      Raw.data(0x80000001, "test", Raw.END_STREAM | 0xf6),
      Raw.windowUpdate(1, 0x80000001)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  }
])

S.serverCases("4.2 frame size", [
  {
    title: "DATA of 16,384 octets [rfc9113-4.2-1]",
    steps: [Raw.headers(1, S.post, Raw.OPEN), Raw.data(1, new Uint8Array(16_384), Raw.END_STREAM)],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  {
    title: "DATA of 16,385 octets [rfc9113-4.2-2]",
    steps: [Raw.headers(1, S.post, Raw.OPEN), Oversized.frame(Type.DATA, 1)],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  ...Oversized.cases.map((each): S.Case => ({
    ...each,
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "an unknown frame of 16,385 octets [rfc9113-4.2-2]",
    steps: [Oversized.frame(0xee, 0)],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "the header alone of a frame of 16,777,215 octets [rfc9113-4.2-2]",
    steps: [Raw.frame(Type.DATA, 0, 1, "", 0xffffff)],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  }
])

S.serverCases("4.3 field section compression", [
  {
    title: "a block that does not decompress [rfc9113-4.3-2] [rfc9113-4.3-3]",
    steps: [Raw.headers(1, "\x00\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x01")],
    outcome: S.connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a block that is cut short [rfc9113-4.3-3]",
    steps: [Raw.headers(1, S.get.subarray(0, -1))],
    outcome: S.connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a block that does not decompress, in trailers [rfc9113-4.3-3]",
    steps: [Raw.headers(1, S.post, Raw.OPEN), Raw.headers(1, [0x80])],
    outcome: S.connectionError(Code.COMPRESSION_ERROR)
  },
  {
    title: "a block that does not decompress, on a stream that was reset [rfc9113-4.3-3]",
    steps: [Raw.headers(1, S.request({ ":path": undefined }), Raw.OPEN), Raw.headers(1, [0x80])],
    outcome: S.connectionError(Code.COMPRESSION_ERROR)
  },
  ...[
    ["PRIORITY", Raw.priority(1, 0)],
    ["PRIORITY of 4 octets", Raw.frame(Type.PRIORITY, 0, 1, "1234")],
    ["HEADERS of another stream", Raw.headers(3, S.get)],
    ["HEADERS of the same stream", Raw.headers(1, S.get)],
    ["DATA of the same stream", Raw.data(1, "test")],
    ["empty DATA of the same stream", Raw.data(1, "", Raw.END_STREAM)],
    ["RST_STREAM", Raw.rstStream(1, Code.CANCEL)],
    ["SETTINGS", Raw.settings()],
    ["PING", Raw.ping(S.pong)],
    ["WINDOW_UPDATE", Raw.windowUpdate(0, 1)],
    ["GOAWAY", Raw.goAway(0, Code.NO_ERROR)],
    ["CONTINUATION of another stream", Raw.continuation(3, "")],
    ["an unknown frame [rfc9113-5.5-3]", Raw.frame(0xee, 0, 1, "0123")]
  ].map(([what, frame]): S.Case => ({
    title: `${what as string} in the middle of a block [rfc9113-4.3-1] [rfc9113-6.2-3]`,
    steps: [Buffer.concat([Raw.headers(1, S.get.subarray(0, 9), Raw.END_STREAM), frame as Uint8Array])],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  }))
])
