/** Section 8 at a server: what a request may be. */
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw
const { streamError } = S

const opened = Raw.headers(1, S.post, Raw.OPEN)
const fields = Block.block(["x-trailer", "test"])

S.serverCases("8.1 (h2spec generic 4) message exchanges", [
  { title: "GET", steps: [Raw.headers(1, S.get)], outcome: S.served(1), handlers: ["answering", "reading"] },
  {
    title: "HEAD",
    steps: [Raw.headers(1, S.request({ ":method": "HEAD" }))],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "OPTIONS of * [rfc9113-8.3.1-11]",
    steps: [Raw.headers(1, S.request({ ":method": "OPTIONS", ":path": "*" }))],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "POST",
    steps: [opened, Raw.data(1, "test", Raw.END_STREAM)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "POST with trailers",
    steps: [opened, Raw.data(1, "test"), Raw.headers(1, fields)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "trailers and no DATA",
    steps: [opened, Raw.headers(1, fields)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "HEADERS without END_STREAM in the place of trailers [rfc9113-8.1-4]",
    steps: [opened, Raw.data(1, "test"), Raw.headers(1, fields, Raw.OPEN)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "a second HEADERS without END_STREAM, and no DATA [rfc9113-8.1-4]",
    steps: [opened, Raw.headers(1, S.get, Raw.OPEN)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  }
])

const literals = (...fields: ReadonlyArray<Block.Pair>): Buffer => Buffer.concat([S.get, Block.block(...fields)])

/** Requests that are malformed [rfc9113-8.1.1-2]. */
const malformed: ReadonlyArray<readonly [title: string, block: Buffer]> = [
  ["8.2 (8.1.2) an upper-case name [rfc9113-8.2.1-3]", literals(["X-TEST", "ok"])],
  ["8.2.1 an upper-case letter at the end [rfc9113-8.2.1-3]", literals(["x-tesT", "ok"])],
  ["8.2.1 a space in a name [rfc9113-8.2.1-3]", literals(["x test", "ok"])],
  ["8.2.1 an empty name", literals(["", "ok"])],
  ["8.2.1 0x7f in a name [rfc9113-8.2.1-3]", literals(["x\x7f", "ok"])],
  ["8.2.1 0xff in a name [rfc9113-8.2.1-3]", literals(["x\xff", "ok"])],
  ["8.2.1 NUL in a name [rfc9113-8.2.1-3]", literals(["x\x00", "ok"])],
  ["8.2.1 a colon in a name [rfc9113-8.2.1-4]", literals(["x:test", "ok"])],
  ["8.2.1 NUL in a value [rfc9113-8.2.1-5]", literals(["x-test", "a\x00b"])],
  ["8.2.1 LF in a value [rfc9113-8.2.1-5]", literals(["x-test", "a\nb: c"])],
  ["8.2.1 CR in a value [rfc9113-8.2.1-5]", literals(["x-test", "a\rb"])],
  ["8.2.1 a control in a value [rfc9113-8.2.1-1]", literals(["x-test", "a\x01b"])],
  ["8.2.1 DEL in a value [rfc9113-8.2.1-1]", literals(["x-test", "a\x7f"])],
  ["8.2.1 a name that is no token [rfc9113-8.2.1-1]", literals(["x(test)", "ok"])],
  ["8.2.1 a space in front of a value [rfc9113-8.2.1-6]", literals(["x-test", " a"])],
  ["8.2.1 a tab behind a value [rfc9113-8.2.1-6]", literals(["x-test", "a\t"])],
  ["8.2.1 LF in :path [rfc9113-8.2.1-5]", S.request({ ":path": "/\nx" })],
  ["8.2.1 NUL in :authority [rfc9113-8.2.1-5]", S.request({ ":authority": "a\x00" })],
  ["8.3 (8.1.2.1) an unknown pseudo-header field [rfc9113-8.3-4]", literals([":test", "ok"])],
  ["8.3 a response's pseudo-header field [rfc9113-8.3-2]", literals([":status", "200"])],
  [
    "8.3 a pseudo-header field behind a regular one [rfc9113-8.3-6]",
    Block.block([":method", "GET"], [":scheme", "http"], [":authority", "localhost"], ["x-test", "ok"], [":path", "/"])
  ],
  ["8.3 an upper-case pseudo-header field [rfc9113-8.3-4]", S.request({ ":path": undefined, ":PATH": "/" })],
  ["8.3 :protocol without extended CONNECT", S.request({ ":method": "CONNECT", ":protocol": "websocket" })],
  ...(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] as const).map(
    (name) =>
      [
        `8.2.2 (8.1.2.2) ${name} [rfc9113-8.2.2-2]`,
        literals([name, name === "connection" ? "keep-alive" : "chunked"])
      ] as const
  ),
  ["8.2.2 TE other than trailers [rfc9113-8.2.2-3]", literals(["te", "trailers, deflate"])],
  ["8.3.1 (8.1.2.3) an empty :path [rfc9113-8.3.1-9]", S.request({ ":path": "" })],
  ["8.3.1 a :path without / [rfc9113-8.3.1-12]", S.request({ ":path": "index.html" })],
  ["8.3.1 * without OPTIONS [rfc9113-8.3.1-11]", S.request({ ":path": "*" })],
  ["8.3.1 userinfo [rfc9113-8.3.1-8]", S.request({ ":authority": "me:secret@localhost" })],
  ["8.3.1 an empty :authority", S.request({ ":authority": "" })],
  ["8.3.1 a host that differs [rfc9113-8.3.1-4]", S.request({ host: "example.org" })],
  ["8.3.1 a method that is no token [rfc9113-8.3.1-12]", S.request({ ":method": "GE T" })],
  ["8.3.1 an empty :method [rfc9113-8.3.1-12]", S.request({ ":method": "" })],
  ["8.3.1 an empty :scheme [rfc9113-8.3.1-12]", S.request({ ":scheme": "" })],
  ...[":method", ":scheme", ":path"].map(
    (name) => [`8.3.1 no ${name} [rfc9113-8.3.1-12]`, S.request({ [name]: undefined })] as const
  ),
  ...[":method", ":scheme", ":path", ":authority"].map(
    (name) =>
      [
        `8.3 ${name} twice [rfc9113-8.3-8]`,
        Buffer.concat([Block.block([name, name === ":path" ? "/" : "http"]), S.get])
      ] as const
  ),
  ["8.3 :path twice, the same [rfc9113-8.3-8]", Buffer.concat([Block.block([":path", "/"]), S.get])],
  ["8.3.1 nothing at all [rfc9113-8.3.1-12]", Block.block()],
  ["8.5 CONNECT with :path [rfc9113-8.5-1]", S.request({ ":method": "CONNECT", ":scheme": undefined })],
  [
    "8.5 CONNECT without :authority",
    S.request({ ":method": "CONNECT", ":scheme": undefined, ":path": undefined, ":authority": undefined })
  ],
  ["8.1.1 content-length that is no number", literals(["content-length", "1x"])],
  ["8.1.1 content-length with a sign", literals(["content-length", "+1"])],
  ["8.1.1 two content-lengths", literals(["content-length", "0"], ["content-length", "1"])]
]

S.serverCases(
  "8.1.1, 8.2, 8.3 malformed requests [rfc9113-8.2.1-2]",
  malformed.flatMap(([title, block]) => [
    { title, steps: [Raw.headers(1, block)], outcome: streamError(1, Code.PROTOCOL_ERROR), handlers: ["answering"] },
    {
      title: `${title}, with a body`,
      steps: [Raw.headers(1, block, Raw.OPEN), Raw.data(1, "test", Raw.END_STREAM)],
      outcome: streamError(1, Code.PROTOCOL_ERROR),
      handlers: ["reading"]
    }
  ])
)

S.serverCases(
  "8.1 malformed trailers",
  (
    [
      ["a pseudo-header field [rfc9113-8.1-3] [rfc9113-8.3-3]", ":method", "GET"],
      ["an upper-case name [rfc9113-8.2.1-7]", "X-Test", "ok"],
      ["LF in a value [rfc9113-8.2.1-7]", "x-test", "a\nb"],
      ["a connection-specific field [rfc9113-8.2.2-2]", "connection", "close"]
    ] as const
  ).map(([title, name, value]) => ({
    title,
    steps: [opened, Raw.data(1, "test"), Raw.headers(1, Block.block([name, value]))],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  }))
)

const long = (length: number): Uint8Array =>
  Raw.headers(1, S.request({ ":method": "POST", "content-length": String(length) }), Raw.OPEN)

S.serverCases("8.1.1 (8.1.2.6) content-length", [
  {
    title: "as long as it says",
    steps: [long(8), Raw.data(1, "test"), Raw.data(1, Raw.padded("test", 9), Raw.END_STREAM | Raw.PADDED)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "one DATA, longer [rfc9113-8.1.1-2]",
    steps: [long(1), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "one DATA, shorter [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "several DATA, longer [rfc9113-8.1.1-2]",
    steps: [long(1), Raw.data(1, "test"), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "several DATA, shorter [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test"), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "an empty DATA at the end, shorter [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test"), Raw.data(1, "", Raw.END_STREAM)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "trailers, shorter [rfc9113-8.1.1-2]",
    steps: [long(9), Raw.data(1, "test"), Raw.headers(1, fields)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "no DATA at all [rfc9113-8.1.1-2]",
    steps: [Raw.headers(1, S.request({ ":method": "POST", "content-length": "4" }))],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "0 and no DATA",
    steps: [Raw.headers(1, S.request({ ":method": "POST", "content-length": "0" }))],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  }
])

S.serverCases("8.2.2, 8.2.3, 8.3 what is allowed", [
  {
    title: "TE: trailers, cookie crumbs, an empty value, bytes above 0x7f",
    steps: [
      Raw.headers(
        1,
        literals(["te", "trailers"], ["cookie", "a=b"], ["cookie", "c=d"], ["x-empty", ""], ["x-latin", "\xe9"])
      )
    ],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "host in the place of :authority, and host beside it",
    steps: [
      Raw.headers(1, S.request({ ":authority": undefined, host: "localhost" })),
      Raw.headers(3, S.request({ host: "localhost" }))
    ],
    outcome: S.served(1, 3),
    handlers: ["answering"]
  },
  {
    title: "a method, a scheme that nobody knows",
    steps: [Raw.headers(1, S.request({ ":method": "BREW", ":scheme": "coffee" }))],
    outcome: S.served(1),
    handlers: ["answering"]
  }
])

S.serverCases("8.4 (8.2) server push", [
  {
    title: "PUSH_PROMISE of a client [rfc9113-8.4-6]",
    steps: [opened, Raw.pushPromise(1, 2, S.get)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PUSH_PROMISE of a client, on an idle stream [rfc9113-8.4-6]",
    steps: [Raw.pushPromise(1, 3, S.get)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PUSH_PROMISE on stream 0 [rfc9113-6.6-6]",
    steps: [Raw.pushPromise(0, 2, S.get)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PUSH_PROMISE of 3 octets",
    steps: [opened, Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, 1, "123")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  }
])

describe("8.1 responses", () => {
  U.check("HEAD is answered without DATA, and names as they have to be [rfc9113-8.2-1] [rfc9113-8.3.2-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.request({ ":method": "HEAD" })))
      const head = yield* peer.frame(Type.HEADERS, 1)
      expect(head.flags).toBe(Raw.WHOLE)
      const fields = peer.fields(head)
      expect(fields[0]).toEqual([":status", "200"])
      expect(fields).toContainEqual(["content-length", "12"])
      expect(
        fields
          .slice(1)
          .map(([name]) => name)
          .join("")
      ).toMatch(/^[a-z-]+$/)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
