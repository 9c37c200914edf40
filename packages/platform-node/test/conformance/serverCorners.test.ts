/** Corners of the format and of requests that suites of other implementations look into, at a server. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { connectionError, streamError } = S

const opened = Raw.headers(1, S.post, Raw.OPEN)
const exclusive = Raw.priorityFields(1, 16, true)
const half = S.post.subarray(0, 9)
const rest = S.post.subarray(9)

S.serverCases("4.1 flags and reserved bits that mean nothing", [
  {
    title: "END_STREAM's bit on CONTINUATION does not end the stream [rfc9113-4.1-3]",
    steps: [
      Buffer.concat([Raw.headers(1, half, 0), Raw.continuation(1, rest, Raw.END_HEADERS | Raw.END_STREAM)]),
      Raw.data(1, "test", Raw.END_STREAM)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  {
    title: "flags on PRIORITY, WINDOW_UPDATE, RST_STREAM and GOAWAY [rfc9113-4.1-3]",
    steps: [
      opened,
      Raw.frame(Type.PRIORITY, 0xff, 1, Raw.priorityFields(0)),
      Raw.frame(Type.WINDOW_UPDATE, 0xff, 1, Octets.uint32(1000)),
      Raw.frame(Type.RST_STREAM, 0xff, 1, Octets.uint32(Code.CANCEL)),
      Raw.frame(Type.GOAWAY, 0xff, 0, Octets.uint32(0, 0))
    ],
    outcome: S.connectionError(Code.NO_ERROR),
    handlers: ["reading", "hanging"]
  },
  {
    title: "the reserved bit in front of GOAWAY's last stream id, and on stream ids of frames [rfc9113-4.1-4]",
    steps: [
      Raw.headers(0x80000001, S.post, Raw.OPEN),
      Raw.frame(Type.WINDOW_UPDATE, 0, 0x80000000, Octets.uint32(0x80000001)),
      Raw.frame(Type.PRIORITY, 0, 0x80000001, Raw.priorityFields(0)),
      Raw.frame(Type.GOAWAY, 0, 0x80000000, Octets.uint32(0x80000000, 0)),
      Raw.data(0x80000001, "test", Raw.END_STREAM)
    ],
    outcome: ({ peer, seen }) =>
      Effect.gen(function* () {
        const [rest] = yield* peer.toEnd
        const frames = [...seen, ...rest]
        expect(frames.find(({ type }) => type === Type.DATA)).toMatchObject({ streamId: 1, flags: Raw.END_STREAM })
        expect(frames.at(-1)?.payload.toString("hex")).toBe("0000000100000000")
      }),
    handlers: ["reading"]
  },
  {
    title: "SETTINGS with the reserved bit is on stream 0 [rfc9113-4.1-4]",
    steps: [Raw.frame(Type.SETTINGS, 0, 0x80000000)],
    outcome: S.ignored
  }
])

S.serverCases("5.1 streams", [
  {
    title: "DATA of a stream that a continued HEADERS had ended [rfc9113-5.1-7]",
    steps: [
      Buffer.concat([Raw.headers(1, half, Raw.END_STREAM), Raw.continuation(1, rest)]),
      Raw.data(1, "test", Raw.END_STREAM)
    ],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  },
  {
    title: "WINDOW_UPDATE on an even stream [rfc9113-5.1-1]",
    steps: [Raw.headers(1, S.get), Raw.windowUpdate(2, 1)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "HEADERS on a stream that was reset uses no id up: a higher one is served [rfc9113-5.1.1-2]",
    steps: [opened, Raw.rstStream(1, Code.CANCEL), Raw.headers(3, S.get)],
    outcome: S.served(3),
    handlers: ["answering"]
  },
  {
    title: "RST_STREAM of a stream whose response is on its way",
    steps: [Buffer.concat([opened, Raw.data(1, "test", Raw.END_STREAM), Raw.rstStream(1, Code.CANCEL)])],
    outcome: S.ignored
  }
])

S.serverCases("5.3.1 (RFC 7540) dependencies, exclusive", [
  {
    title: "HEADERS that depend on themselves",
    steps: [Raw.headers(1, Buffer.concat([exclusive, S.get]), Raw.WHOLE | Raw.PRIORITY)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY that depends on itself",
    steps: [opened, Raw.priority(1, 1, 16, true)],
    outcome: streamError(1, Code.PROTOCOL_ERROR),
    handlers: ["reading", "hanging"]
  }
])

/** A request whose block has `length` octets. */
const ofLength = (length: number): Buffer => {
  const filler = (size: number): Buffer => Block.block(["x-fill", "v".repeat(size)])
  const start = length - S.get.length
  return Buffer.concat([S.get, filler(start - filler(start).length + start)])
}

S.serverCases("4.2, 6.2, 6.10 sizes", [
  {
    title: "HEADERS of 16,384 octets [rfc9113-4.2-1]",
    steps: [Raw.headers(1, ofLength(16_384))],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "CONTINUATION of 16,384 octets [rfc9113-4.2-1]",
    steps: [Buffer.concat([Raw.headers(1, "", Raw.END_STREAM), Raw.continuation(1, ofLength(16_384))])],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "an unknown frame of 16,384 octets [rfc9113-4.2-1]",
    steps: [Raw.frame(0xee, 0, 0, new Uint8Array(16_384))],
    outcome: S.ignored
  },
  {
    title: "GOAWAY of 16,384 octets [rfc9113-4.2-1]",
    steps: [Raw.goAway(0, Code.NO_ERROR, new Uint8Array(16_376))],
    outcome: S.connectionError(Code.NO_ERROR)
  },
  {
    title: "CONTINUATION without end behind a field that is malformed",
    steps: [
      Buffer.concat([
        Raw.headers(1, Buffer.concat([S.get, Block.block(["Upper", "case"])]), Raw.END_STREAM),
        ...Array.from({ length: 100 }, () => Raw.continuation(1, Block.block(["x", "y"]), 0))
      ])
    ],
    outcome: connectionError(Code.ENHANCE_YOUR_CALM)
  }
])

const connect = (fields: Readonly<Record<string, string | undefined>>): Buffer =>
  S.request({ ":method": "CONNECT", ":scheme": undefined, ":path": undefined, ...fields })

S.serverCases(
  "8.3.1, 8.5 requests that are malformed",
  (
    [
      ["CONNECT with :scheme alone [rfc9113-8.5-1]", connect({ ":scheme": "http" })],
      ["CONNECT with :path alone [rfc9113-8.5-1]", connect({ ":path": "/" })],
      ["CONNECT to nowhere", connect({ ":authority": "" })],
      ["host twice", Buffer.concat([S.get, Block.block(["host", "localhost"], ["host", "localhost"])])],
      ["a :path with a space", S.request({ ":path": "/a b" })],
      ["a :path with a fragment", S.request({ ":path": "/a#b" })],
      ["an :authority with a path", S.request({ ":authority": "localhost/a" })],
      [":path and an empty :path", Buffer.concat([Block.block([":path", ""]), S.get])],
      ["a pseudo-header field without a name [rfc9113-8.3-4]", Buffer.concat([Block.block([":", "x"]), S.get])],
      ["a pseudo-header field with a space in front of its value [rfc9113-8.2.1-6]", S.request({ ":path": " /" })],
      ["content-length in a list", S.request({ "content-length": "0, 0" })]
    ] as const
  ).map(([title, block]) => ({
    title,
    steps: [Raw.headers(1, block)],
    outcome: streamError(1, Code.PROTOCOL_ERROR),
    handlers: ["answering"]
  }))
)

S.serverCases("8.1 requests that are not", [
  {
    title: "content-length of 0 and an empty DATA",
    steps: [
      Raw.headers(1, S.request({ ":method": "POST", "content-length": "0" }), Raw.OPEN),
      Raw.data(1, "", Raw.END_STREAM)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  {
    title: "content-length with zeros in front",
    steps: [
      Raw.headers(1, S.request({ ":method": "POST", "content-length": "0004" }), Raw.OPEN),
      Raw.data(1, "test", Raw.END_STREAM)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  {
    title: "GET with a body, DELETE with trailers",
    steps: [
      Raw.headers(1, S.get, Raw.OPEN),
      Raw.data(1, "test", Raw.END_STREAM),
      Raw.headers(3, S.request({ ":method": "DELETE" }), Raw.OPEN),
      Raw.headers(3, Block.block(["x-trailer", "test"]))
    ],
    outcome: S.served(1, 3),
    handlers: ["reading"]
  },
  {
    title: "empty trailers",
    steps: [opened, Raw.data(1, "test"), Raw.headers(1, "")],
    outcome: S.served(1),
    handlers: ["reading"]
  }
])

describe("5.1.1 the highest stream id", () => {
  U.check("is served, and nothing behind it is a new stream", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(0x7fffffff, S.get))
      expect((yield* peer.frame(Type.DATA, 0x7fffffff)).flags).toBe(Raw.END_STREAM)
      yield* peer.send(Raw.headers(0x7ffffffd, S.get))
      yield* connectionError(Code.PROTOCOL_ERROR)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.9.1 frames without octets", () => {
  U.check("need no window: a Stream without octets ends, though the window is 0 [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.make({ body: Stream.empty })))
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(Raw.headers(1, S.get))
      const isEnd = ({ flags, streamId }: Raw.RawFrame): boolean => streamId === 1 && (flags & Raw.END_STREAM) !== 0
      yield* peer.until("the end", isEnd)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("need none of ours: END_STREAM behind a window that is used up", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("hanging", { initialWindowSize: 1000 })
      yield* S.shake(peer)
      yield* peer.send(opened, Raw.data(1, new Uint8Array(1000)), Raw.data(1, "", Raw.END_STREAM))
      yield* S.ignored({ peer, seen: yield* peer.roundTrip })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
