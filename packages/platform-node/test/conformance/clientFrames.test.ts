/** What a server's test shows of a frame, shown at a client: frames of stream 0, frames on idle and ended streams, and the windows. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { apart, pong, together } from "./support/serverCase.js"

const { Code, Type } = Raw
const { connectionError } = C

const most = 0x7fffffff
const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)
const fields = Block.block(["x-trailer", "test"])

C.clientCases("4.1, 4.2, 5.5 frames", [
  {
    title: "unknown frames on stream 0 and on streams in any state [rfc9113-4.1-2] [rfc9113-5.5-1] [rfc9113-5.5-2]",
    steps: [
      Raw.frame(0x20, 0xff, 0),
      Raw.frame(0x21, 0xff, 9, "0123"),
      Raw.frame(0xff, 0xff, 2),
      head,
      Raw.frame(0x20, 1, 1, "0123"),
      Raw.data(1, "hello", Raw.END_STREAM),
      Raw.frame(0x20, 1, 1, "0123")
    ],
    outcome: C.answered({ status: 200, body: "hello" })
  },
  {
    title: "an unknown frame of 16,385 octets [rfc9113-4.2-2]",
    steps: [Raw.frame(0xee, 0, 0, new Uint8Array(16_385))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "the header alone of a frame of 16,777,215 octets [rfc9113-4.2-2]",
    steps: [Raw.frame(Type.DATA, 0, 1, "", 0xffffff)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "PADDED and no octet at all [rfc9113-4.2-2]",
    steps: [head, Raw.data(1, "", Raw.PADDED)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "HEADERS with PRIORITY and 4 octets [rfc9113-4.2-2] [rfc9113-4.2-3]",
    steps: [Raw.headers(1, "1234", Raw.WHOLE | Raw.PRIORITY)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  ...[0, 5].map((length): C.Case => ({
    title: `RST_STREAM of ${length} octets [rfc9113-6.4-7]`,
    steps: [Raw.frame(Type.RST_STREAM, 0, 1, new Uint8Array(length))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  })),
  ...[0, 6].map((length): C.Case => ({
    title: `PRIORITY of ${length} octets [rfc9113-6.3-2]`,
    steps: [Raw.frame(Type.PRIORITY, 0, 1, new Uint8Array(length))],
    outcome: C.streamError(Code.FRAME_SIZE_ERROR)
  })),
  ...[0, 9].map((length): C.Case => ({
    title: `PING of ${length} octets [rfc9113-6.7-7]`,
    steps: [Raw.frame(Type.PING, 0, 0, new Uint8Array(length))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  })),
  ...[0, 5].map((length): C.Case => ({
    title: `WINDOW_UPDATE of ${length} octets, of the connection [rfc9113-6.9-5]`,
    steps: [Raw.frame(Type.WINDOW_UPDATE, 0, 0, new Uint8Array(length))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "SETTINGS of 7 octets [rfc9113-6.5-8]",
    steps: [Raw.frame(Type.SETTINGS, 0, 0, "\x00\x03\x00\x00\x00\x00\x00")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "WINDOW_UPDATE by 0 and the reserved bit, of the connection [rfc9113-6.9-2]",
    steps: [Raw.windowUpdate(0, 0x80000000)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "another frame behind CONTINUATION without END_HEADERS [rfc9113-6.10-2]",
    steps: [Buffer.concat([Raw.headers(1, "", 0), Raw.continuation(1, [0x88], 0), Raw.data(1, "test")])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "CONTINUATION behind CONTINUATION with END_HEADERS [rfc9113-6.10-5] [rfc9113-6.10-6]",
    steps: [Buffer.concat([Raw.headers(1, "", 0), Raw.continuation(1, [0x88]), Raw.continuation(1, fields)])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a trailing block that is continued [rfc9113-6.10-1]",
    steps: [
      head,
      Raw.data(1, "hello"),
      Buffer.concat([Raw.headers(1, fields.subarray(0, 3), Raw.END_STREAM), Raw.continuation(1, fields.subarray(3))])
    ],
    outcome: C.answered({ body: "hello", trailers: [["x-trailer", "test"]] })
  }
])

C.clientCases("5.1 idle streams, which cannot be reset", [
  {
    title: "PRIORITY of 4 octets [rfc9113-6.4-5] [rfc9113-6.3-2]",
    steps: [Raw.frame(Type.PRIORITY, 0, 3, "1234")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "PRIORITY that depends on itself [rfc9113-6.4-5]",
    steps: [Raw.priority(2, 2)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "WINDOW_UPDATE by 0 [rfc9113-5.1-1]",
    steps: [Raw.windowUpdate(3, 0)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "RST_STREAM on an even one [rfc9113-5.1-1] [rfc9113-6.4-6]",
    steps: [Raw.rstStream(2, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "WINDOW_UPDATE on an even one [rfc9113-5.1-1]",
    steps: [Raw.windowUpdate(2, 1)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  }
])

/** One RST_STREAM with `code`; what becomes of the request depends on what it had by then. */
const reset =
  (code: number): C.Outcome =>
  (run) =>
    Effect.gen(function* () {
      const isReset = (frame: Raw.RawFrame): boolean => frame.type === Type.RST_STREAM
      const frames = [...run.seen]
      if (!frames.some(isReset)) frames.push(...(yield* run.peer.until("RST_STREAM", isReset)))
      yield* Fiber.await(run.result)
      frames.push(...(yield* C.goOn(run)))
      expect(frames.filter(isReset).map(({ payload, streamId }) => [streamId, payload.readUInt32BE()])).toEqual([
        [1, code]
      ])
    })

const open = { requests: ["open"], ways: together } as const

C.clientCases("5.1 half-closed (remote): the response is whole, the request is not", [
  {
    title: "DATA [rfc9113-5.1-7] [rfc9113-6.1-4]",
    steps: [ok, Raw.data(1, "test")],
    outcome: reset(Code.STREAM_CLOSED),
    ...open
  },
  {
    title: "HEADERS [rfc9113-5.1-7]",
    steps: [ok, Raw.headers(1, fields)],
    outcome: reset(Code.STREAM_CLOSED),
    ...open
  },
  {
    title: "DATA behind trailers [rfc9113-5.1-7]",
    steps: [head, Raw.headers(1, fields), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: reset(Code.STREAM_CLOSED),
    ...open
  },
  {
    title:
      "WINDOW_UPDATE, PRIORITY and RST_STREAM are none of it, and RST_STREAM is not answered [rfc9113-5.1-7] [rfc9113-5.4.2-3]",
    steps: [Buffer.concat([ok, Raw.windowUpdate(1, 5), Raw.priority(1, 0), Raw.rstStream(1, Code.NO_ERROR)])],
    outcome: (run) =>
      Effect.gen(function* () {
        yield* Fiber.await(run.result)
        const frames = yield* C.goOn(run)
        expect(frames.filter(({ type }) => type === Type.RST_STREAM)).toEqual([])
      }),
    ...open
  }
])

C.clientCases("5.4.2 RST_STREAM is not answered", [
  {
    title: "on an open stream, and on one that is closed [rfc9113-5.4.2-3]",
    steps: [Raw.rstStream(1, Code.INTERNAL_ERROR), Raw.rstStream(1, Code.INTERNAL_ERROR)],
    outcome: C.failed({ code: Code.INTERNAL_ERROR, origin: "Remote" }),
    ways: apart
  }
])

C.clientCases("6.7 PING", [
  {
    title: "is answered with its octets, before the response comes [rfc9113-6.7-2] [rfc9113-6.7-4]",
    steps: [Raw.ping(pong)],
    outcome: (run) =>
      Effect.gen(function* () {
        const isAnswer = ({ payload, type }: Raw.RawFrame): boolean => type === Type.PING && payload.toString() === pong
        const frames = yield* run.peer.until("the answer to a PING", isAnswer)
        expect(frames.at(-1)).toMatchObject({ flags: Raw.ACK, streamId: 0 })
        yield* run.peer.send(ok)
        yield* C.answered({ status: 200 })({ ...run, seen: [...run.seen, ...frames] })
      })
  }
])

C.clientCases("6.9.1 the windows for what we send, up to 2^31-1", [
  {
    title: "of the connection [rfc9113-6.9.1-2]",
    steps: [Raw.windowUpdate(0, most - 65_535), ok],
    outcome: C.answered({ status: 200 }),
    requests: ["whole"]
  },
  {
    title: "of the connection, by 1 more [rfc9113-6.9.1-2] [rfc9113-6.9.1-3]",
    steps: [Raw.windowUpdate(0, most - 65_535), Raw.windowUpdate(0, 1)],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR),
    requests: ["whole"]
  },
  {
    title: "of a stream [rfc9113-6.9.1-2]",
    steps: [Raw.windowUpdate(1, most - 65_535), ok],
    outcome: C.answered({ status: 200 }),
    requests: ["whole"]
  },
  {
    title: "of a stream, by 1 more [rfc9113-6.9.1-2] [rfc9113-6.9.1-3]",
    steps: [Raw.windowUpdate(1, most - 65_535), Raw.windowUpdate(1, 1)],
    outcome: C.streamError(Code.FLOW_CONTROL_ERROR),
    requests: ["whole"]
  }
])
