/** Corners of the format and of responses that suites of other implementations look into, at a client. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft, together } from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { answered, connectionError, streamError } = C

const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)
const hello = Raw.data(1, "hello", Raw.END_STREAM)

C.clientCases("4.1 flags and reserved bits that mean nothing", [
  {
    title: "END_STREAM's bit on CONTINUATION does not end the stream [rfc9113-4.1-3]",
    steps: [
      Buffer.concat([Raw.headers(1, "", 0), Raw.continuation(1, [0x88], Raw.END_HEADERS | Raw.END_STREAM)]),
      hello
    ],
    outcome: answered({ status: 200, body: "hello" })
  },
  {
    title: "flags on PRIORITY, WINDOW_UPDATE and SETTINGS [rfc9113-4.1-3]",
    steps: [
      Raw.frame(Type.PRIORITY, 0xff, 1, Raw.priorityFields(0)),
      Raw.frame(Type.WINDOW_UPDATE, 0xff, 1, Octets.uint32(1000)),
      Raw.frame(Type.SETTINGS, 0xfe, 0),
      head,
      hello
    ],
    outcome: answered({ status: 200, body: "hello" })
  },
  {
    title: "flags on RST_STREAM [rfc9113-4.1-3]",
    steps: [Raw.frame(Type.RST_STREAM, 0xff, 1, Octets.uint32(Code.INTERNAL_ERROR))],
    outcome: C.failed({ code: Code.INTERNAL_ERROR, origin: "Remote" })
  },
  {
    title: "the reserved bit of stream ids, and in front of an increment [rfc9113-4.1-4]",
    steps: [
      Raw.frame(Type.WINDOW_UPDATE, 0, 0x80000001, Octets.uint32(0x80000001)),
      Raw.frame(Type.PRIORITY, 0, 0x80000001, Raw.priorityFields(0)),
      Raw.headers(0x80000001, [0x88], Raw.OPEN),
      Raw.data(0x80000001, "hello", Raw.END_STREAM)
    ],
    outcome: answered({ status: 200, body: "hello" })
  }
])

const filled = (length: number): Buffer => {
  const filler = (size: number): Buffer => Buffer.concat([Buffer.of(0x88), Block.block(["x-fill", "v".repeat(size)])])
  return filler(length - filler(length).length + length)
}

C.clientCases("4.2, 6.2, 6.10 sizes", [
  {
    title: "HEADERS of 16,384 octets [rfc9113-4.2-1]",
    steps: [Raw.headers(1, filled(16_384))],
    outcome: answered({ status: 200 })
  },
  {
    title: "CONTINUATION of 16,384 octets [rfc9113-4.2-1]",
    steps: [Buffer.concat([Raw.headers(1, "", Raw.END_STREAM), Raw.continuation(1, filled(16_384))])],
    outcome: answered({ status: 200 })
  },
  {
    title: "an interim response that is continued",
    steps: [
      Buffer.concat([
        Raw.headers(1, Block.block([":status", "103"]), 0),
        Raw.continuation(1, Block.block(["link", "</a>"]))
      ]),
      head,
      hello
    ],
    outcome: answered({ status: 200, body: "hello" })
  },
  {
    title: "CONTINUATION without end behind a field that is malformed",
    steps: [
      Buffer.concat([
        Raw.headers(1, Buffer.concat([Buffer.of(0x88), Block.block(["Upper", "case"])]), Raw.END_STREAM),
        ...Array.from({ length: 100 }, () => Raw.continuation(1, Block.block(["x", "y"]), 0))
      ])
    ],
    outcome: connectionError(Code.ENHANCE_YOUR_CALM)
  }
])

const status = (code: string, ...fields: ReadonlyArray<Block.Pair>): Buffer => Block.block([":status", code], ...fields)

C.clientCases("8.1 responses that are not malformed", [
  { title: "an empty body in DATA", steps: [head, Raw.data(1, "", Raw.END_STREAM)], outcome: answered({ body: "" }) },
  {
    title: "204 that an empty DATA ends",
    steps: [Raw.headers(1, status("204"), Raw.OPEN), Raw.data(1, "", Raw.END_STREAM)],
    outcome: answered({ status: 204, body: "" })
  },
  {
    title: "304 with content-length that an empty DATA ends",
    steps: [Raw.headers(1, status("304", ["content-length", "9"]), Raw.OPEN), Raw.data(1, "", Raw.END_STREAM)],
    outcome: answered({ status: 304, body: "" })
  },
  {
    title: "content-length of 0",
    steps: [Raw.headers(1, status("200", ["content-length", "0"]), Raw.OPEN), Raw.data(1, "", Raw.END_STREAM)],
    outcome: answered({ status: 200, body: "" })
  },
  {
    title: "trailers in the place of a body, and empty ones",
    steps: [head, Raw.headers(1, "")],
    outcome: answered({ status: 200, body: "", trailers: [] })
  },
  { title: "a status that nobody knows", steps: [Raw.headers(1, status("599"))], outcome: answered({ status: 599 }) }
])

C.clientCases("8.1 responses that are", [
  {
    title: "204 with octets",
    steps: [Raw.headers(1, status("204"), Raw.OPEN), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "103 in the place of trailers [rfc9113-8.1-4]",
    steps: [head, Raw.data(1, "hello"), Raw.headers(1, status("103"))],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "trailers with an empty name",
    steps: [head, Raw.headers(1, Block.block(["", "x"]))],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "trailers with CR LF in a value [rfc9113-8.2.1-7]",
    steps: [head, Raw.headers(1, Block.block(["x", "a\r\nb"]))],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pseudo-header field without a name [rfc9113-8.3-4]",
    steps: [Raw.headers(1, status("200", [":", "x"]))],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "1xx with a field that is malformed, and the response behind it [rfc9113-8.1.1-3]",
    steps: [Raw.headers(1, status("103", ["Upper", "case"]), Raw.OPEN), ok],
    outcome: streamError(Code.PROTOCOL_ERROR)
  }
])

C.clientCases(
  "10.5 frames that cost and carry nothing, without end",
  (
    [
      ["PRIORITY", Raw.priority(3, 0)],
      ["empty DATA", Raw.data(1, "")],
      ["SETTINGS", Raw.settings()],
      ["WINDOW_UPDATE by 1", Raw.windowUpdate(0, 1)],
      ["unknown frames", Raw.frame(0xee, 0, 0)]
    ] as const
  ).map(([title, frame]) => ({
    title: `${title} [rfc9113-10.5-2]`,
    steps: [head, Buffer.concat(Array.from({ length: 1100 }, () => frame))],
    outcome: connectionError(Code.ENHANCE_YOUR_CALM),
    requests: ["whole"],
    ways: together
  }))
)

describe("8.1 HEAD", () => {
  U.check("an empty DATA is no body", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer, { method: "HEAD" })
      yield* peer.send(
        Raw.headers(1, status("200", ["content-length", "9"]), Raw.OPEN),
        Raw.data(1, "", Raw.END_STREAM)
      )
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200, body: "" })
      yield* C.goOn(asked)
      peer.end()
      yield* nothingLeft(stats)
    })
  )
})

describe("6.9.1 frames without octets", () => {
  U.check("need no window: a Stream without octets ends, though the window is 0 [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.roundTrip
      const asked = yield* C.ask(client, peer, { method: "POST", body: Stream.empty })
      const last = yield* peer.until(
        "the end",
        ({ flags, streamId }) => streamId === 1 && (flags & Raw.END_STREAM) !== 0
      )
      expect(last.at(-1)?.payload.length).toBe(0)
      yield* peer.send(ok)
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200 })
      peer.end()
      yield* nothingLeft(stats)
    })
  )
})
