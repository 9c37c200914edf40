/** Section 8 at a client: what a response may be. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft } from "./support/serverCase.js"

const { Code } = Raw
const { answered, streamError } = C

const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)
const fields = Block.block(["x-trailer", "test"])
const malformed = streamError(Code.PROTOCOL_ERROR)

const response = (...fields: ReadonlyArray<Block.Pair>): Buffer => Block.block([":status", "200"], ...fields)
const early = Raw.headers(1, Block.block([":status", "103"], ["link", "</style.css>"]), Raw.OPEN)

C.clientCases("8.1 message exchanges", [
  { title: "a head alone", steps: [ok], outcome: answered({ status: 200, body: "", trailers: [] }) },
  {
    title: "a body",
    steps: [head, Raw.data(1, "hel"), Raw.data(1, "lo", Raw.END_STREAM)],
    outcome: answered({ status: 200, body: "hello", trailers: [] })
  },
  {
    title: "a body and trailers",
    steps: [head, Raw.data(1, "hello"), Raw.headers(1, fields)],
    outcome: answered({ body: "hello", trailers: [["x-trailer", "test"]] })
  },
  {
    title: "1xx in front of the response",
    steps: [Raw.headers(1, Block.block([":status", "100"]), Raw.OPEN), early, early, ok],
    outcome: answered({ status: 200 })
  },
  { title: "1xx that ends the stream", steps: [Raw.headers(1, Block.block([":status", "103"]))], outcome: malformed },
  {
    title: "1xx without end",
    steps: Array.from({ length: 40 }, () => early),
    outcome: streamError(Code.ENHANCE_YOUR_CALM)
  },
  { title: "DATA behind 1xx", steps: [early, Raw.data(1, "test")], outcome: malformed },
  { title: "DATA in front of HEADERS", steps: [Raw.data(1, "test")], outcome: malformed },
  { title: "an empty DATA in front of HEADERS", steps: [Raw.data(1, "", Raw.END_STREAM)], outcome: malformed },
  {
    title: "HEADERS without END_STREAM in the place of trailers [rfc9113-8.1-4]",
    steps: [head, Raw.data(1, "test"), Raw.headers(1, fields, Raw.OPEN)],
    outcome: malformed
  },
  { title: "1xx behind the response [rfc9113-8.1-4]", steps: [head, early], outcome: malformed }
])

C.clientCases(
  "8.1.1, 8.2, 8.3 malformed responses [rfc9113-8.1.1-3] [rfc9113-8.2.1-2]",
  (
    [
      ["no :status [rfc9113-8.3.2-1]", Block.block(["x-test", "ok"])],
      ["nothing at all [rfc9113-8.3.2-1]", Block.block()],
      ["1xx without :status, a response follows [rfc9113-8.3.2-1]", Block.block(["link", "</style.css>"])],
      ["101 (8.6)", Block.block([":status", "101"])],
      ...["", "20", "2000", "abc", "+20", "099", "000", "2 0"].map(
        (status) => [`:status "${status}" [rfc9113-8.3-4]`, Block.block([":status", status])] as const
      ),
      [":status twice [rfc9113-8.3-8]", response([":status", "200"])],
      [":status behind a regular field [rfc9113-8.3-6]", Block.block(["x-test", "ok"], [":status", "200"])],
      ["a request's pseudo-header field [rfc9113-8.3-2]", response([":path", "/"])],
      ["an unknown pseudo-header field [rfc9113-8.3-4]", response([":test", "ok"])],
      ["an upper-case name [rfc9113-8.2.1-3]", response(["X-Test", "ok"])],
      ["an empty name", response(["", "ok"])],
      ["a space in a name [rfc9113-8.2.1-3]", response(["x test", "ok"])],
      ["a colon in a name [rfc9113-8.2.1-4]", response(["x:test", "ok"])],
      ["NUL in a value [rfc9113-8.2.1-5]", response(["x-test", "a\x00"])],
      ["CR LF in a value [rfc9113-8.2.1-5]", response(["x-test", "a\r\nb: c"])],
      ["a control in a value [rfc9113-8.2.1-1]", response(["x-test", "a\x01b"])],
      ["a name that is no token [rfc9113-8.2.1-1]", response(["x(test)", "ok"])],
      ["a space behind a value [rfc9113-8.2.1-6]", response(["x-test", "a "])],
      ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map(
        (name) => [`${name} [rfc9113-8.2.2-2]`, response([name, "x"])] as const
      ),
      ["content-length that is no number", response(["content-length", "-1"])],
      ["two content-lengths", response(["content-length", "0"], ["content-length", "4"])]
    ] as const
  ).flatMap(([title, block]) => [
    { title, steps: [Raw.headers(1, block)], outcome: malformed },
    {
      title: `${title}, with a body`,
      steps: [Raw.headers(1, block, Raw.OPEN), Raw.data(1, "test", Raw.END_STREAM)],
      outcome: malformed,
      requests: ["whole"]
    }
  ])
)

C.clientCases(
  "8.1 malformed trailers",
  (
    [
      ["a pseudo-header field [rfc9113-8.1-3] [rfc9113-8.3-3]", ":status", "200"],
      ["an upper-case name [rfc9113-8.2.1-7]", "X-Test", "ok"],
      ["a connection-specific field [rfc9113-8.2.2-2]", "transfer-encoding", "chunked"]
    ] as const
  ).map(([title, name, value]) => ({
    title,
    steps: [head, Raw.data(1, "test"), Raw.headers(1, Block.block([name, value]))],
    outcome: malformed
  }))
)

const long = (length: number, status = "200"): Uint8Array =>
  Raw.headers(1, Block.block([":status", status], ["content-length", String(length)]), Raw.OPEN)

C.clientCases("8.1.1 content-length [rfc9113-8.1.1-3]", [
  {
    title: "as long as it says",
    steps: [long(8), Raw.data(1, "test"), Raw.data(1, Raw.padded("test", 9), Raw.END_STREAM | Raw.PADDED)],
    outcome: answered({ body: "testtest" })
  },
  { title: "longer [rfc9113-8.1.1-2]", steps: [long(1), Raw.data(1, "test", Raw.END_STREAM)], outcome: malformed },
  {
    title: "longer, and it goes on [rfc9113-8.1.1-2]",
    steps: [long(5), Raw.data(1, "test"), Raw.data(1, "test")],
    outcome: malformed
  },
  {
    title: "shorter [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test"), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: malformed
  },
  {
    title: "shorter, behind trailers [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test"), Raw.headers(1, fields)],
    outcome: malformed
  },
  {
    title: "no DATA at all [rfc9113-8.1.1-2]",
    steps: [Raw.headers(1, response(["content-length", "4"]))],
    outcome: malformed
  },
  {
    title: "304 says how long it would be (RFC 9110 8.6)",
    steps: [Raw.headers(1, Block.block([":status", "304"], ["content-length", "4"]))],
    outcome: answered({ status: 304, body: "" })
  },
  { title: "304 with a body", steps: [long(4, "304"), Raw.data(1, "test", Raw.END_STREAM)], outcome: malformed }
])

describe("8.1 HEAD", () => {
  U.check("content-length without a body, and a body that may not be", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer, { method: "HEAD" })
      yield* peer.send(Raw.headers(1, response(["content-length", "4"])))
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200, body: "" })
      const second = yield* C.ask(client, peer, { method: "HEAD" })
      yield* peer.send(Raw.headers(3, response(), Raw.OPEN), Raw.data(3, "test", Raw.END_STREAM))
      expect(yield* Effect.flip(Fiber.join(second.result))).toMatchObject({ code: Code.PROTOCOL_ERROR })
      yield* C.goOn(second)
      peer.end()
      yield* nothingLeft(stats)
    })
  )
})
