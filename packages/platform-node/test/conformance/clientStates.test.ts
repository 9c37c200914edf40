/** Streams at a client: their states and identifiers, and the frames that are about one of them. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { apart } from "./support/serverCase.js"

const { Code, Type } = Raw
const { connectionError, streamError } = C

const ok = Raw.headers(1, [0x88])
const fields = Block.block(["x-trailer", "test"])

C.clientCases("5.1 idle, 5.1.1 stream identifiers", [
  {
    title: "HEADERS on an idle stream of ours [rfc9113-5.1.1-3]",
    steps: [Raw.headers(3, [0x88])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "HEADERS on an even stream, which was not promised [rfc9113-5.1-2]",
    steps: [Raw.headers(2, [0x88])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "DATA on an idle stream [rfc9113-5.1-1]",
    steps: [Raw.data(3, "test")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "DATA on an even stream [rfc9113-5.1-1]",
    steps: [Raw.data(2, "test")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "RST_STREAM on an idle stream [rfc9113-6.4-6]",
    steps: [Raw.rstStream(3, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "WINDOW_UPDATE on an idle stream [rfc9113-5.1-1]",
    steps: [Raw.windowUpdate(3, 1)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "CONTINUATION on an idle stream [rfc9113-6.10-6]",
    steps: [Raw.continuation(3, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY on idle streams",
    steps: [Raw.priority(3, 0), Raw.priority(2, 1), ok],
    outcome: C.answered({ status: 200 })
  }
])

C.clientCases("5.1 closed", [
  {
    title: "DATA [rfc9113-6.1-4]",
    steps: [ok, Raw.data(1, "test")],
    outcome: (run) =>
      Effect.gen(function* () {
        const isReset = (frame: Raw.RawFrame): boolean => frame.type === Type.RST_STREAM
        const frames = [...run.seen]
        if (!frames.some(isReset)) frames.push(...(yield* run.peer.until("RST_STREAM", isReset)))
        expect(frames.find(isReset)?.payload).toEqual(Octets.uint32(Code.STREAM_CLOSED))
        expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
        yield* C.goOn(run)
      }),
    requests: ["whole"]
  },
  {
    title: "HEADERS [rfc9113-5.1-11]",
    steps: [ok, Raw.headers(1, [0x88])],
    outcome: connectionError(Code.STREAM_CLOSED, { status: 200 }),
    requests: ["whole"]
  },
  {
    title: "CONTINUATION [rfc9113-6.10-6]",
    steps: [ok, Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR, { status: 200 }),
    requests: ["whole"]
  },
  {
    title: "PRIORITY, WINDOW_UPDATE, RST_STREAM [rfc9113-6.9-3]",
    steps: [ok, Raw.priority(1, 0), Raw.windowUpdate(1, 1), Raw.windowUpdate(1, 0), Raw.rstStream(1, Code.CANCEL)],
    outcome: C.answered({ status: 200 }),
    requests: ["whole"]
  },
  {
    title:
      "what still comes on a stream that we reset is discarded [rfc9113-5.1-9] [rfc9113-5.4.2-1] [rfc9113-5.4.2-2] [rfc9113-6.4-2]",
    steps: [
      Raw.headers(1, "", Raw.OPEN),
      Raw.headers(1, [0x88], Raw.OPEN),
      Raw.data(1, "test"),
      Raw.windowUpdate(1, 0),
      Raw.rstStream(1, Code.CANCEL)
    ],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "HEADERS behind the server's RST_STREAM [rfc9113-5.1-11]",
    steps: [Raw.rstStream(1, Code.INTERNAL_ERROR), ok],
    ways: apart,
    outcome: (run) =>
      Effect.zipRight(
        run.peer.frame(Type.RST_STREAM, 1),
        C.failed({ code: Code.INTERNAL_ERROR, origin: "Remote" })(run)
      )
  }
])

C.clientCases("6.6 PUSH_PROMISE", [
  {
    title: "on the request's stream [rfc9113-6.6-8] [rfc9113-6.5.2-2]",
    steps: [Raw.pushPromise(1, 2, Block.block([":method", "GET"]))],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "on an idle stream",
    steps: [Raw.pushPromise(3, 2, "")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "on stream 0 [rfc9113-6.6-6]",
    steps: [Raw.pushPromise(0, 2, "")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "of an odd stream",
    steps: [Raw.pushPromise(1, 5, "")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "padding that is too long [rfc9113-6.6-13]",
    steps: [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS | Raw.PADDED, 1, [9, 0, 0, 0, 2])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "cut short",
    steps: [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, 1, "123")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  }
])
