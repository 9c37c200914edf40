/** What clients and what servers alone can do wrong, and what looks wrong and is not. */
import { type Pairs, plainBlock } from "../../src/wire/blockWriter.js"
import { concat, uint32 } from "../../src/wire/octets.js"
import * as Raw from "../../src/wire/rawFrame.js"
import { common, connection, headers, nothing, octets, setting, stream, type Violation } from "./violations.js"

const { Code, Setting, Type } = Raw
const { PROTOCOL_ERROR, STREAM_CLOSED } = Code

const get: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "test"]
]

/** Heads that cannot be: of a request behind `get`, and of a response behind its status. */
const malformed: ReadonlyArray<readonly [title: string, more: Pairs]> = [
  ["[rfc9113-8.2.1-3] [rfc9113-8.2.1-7] an upper-case name", [["X-Y", "1"]]],
  ["[rfc9113-8.2.1-4] [rfc9113-8.2.1-7] a name with a colon in it", [["x:y", "1"]]],
  ["[rfc9113-8.2.1-5] [rfc9113-8.2.1-7] a value with a line feed", [["x", "a\nb"]]],
  ["[rfc9113-8.2.1-6] [rfc9113-8.2.1-7] a value that ends with a blank", [["x", "a "]]],
  ["[rfc9113-8.2.2-2] connection", [["connection", "close"]]],
  ["[rfc9113-8.2.2-2] transfer-encoding", [["transfer-encoding", "chunked"]]],
  ["[rfc9113-8.3-4] an unknown pseudo-header field", [[":x", "1"]]],
  [
    "[rfc9113-8.3-6] a pseudo-header field behind a regular one",
    [
      ["x", "y"],
      [":path", "/"]
    ]
  ],
  [
    "[rfc9113-8.1.1-2] content-length twice",
    [
      ["content-length", "0"],
      ["content-length", "1"]
    ]
  ]
]

/** What a client does wrong. */
export const ofClients: ReadonlyArray<Violation> = [
  ...common,
  ...malformed.map(([title, more]) =>
    stream(`${title} in a request`, PROTOCOL_ERROR, "idle", (id) => [headers(id, [...get, ...more])])
  ),
  stream("[rfc9113-8.3.1-12] a request without :path", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [...get.slice(0, 2), ...get.slice(3)])
  ]),
  stream("[rfc9113-8.3-8] two :method", PROTOCOL_ERROR, "idle", (id) => [headers(id, [[":method", "GET"], ...get])]),
  stream("[rfc9113-8.3-2] :status in a request", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [[":status", "200"], ...get])
  ]),
  stream("[rfc9113-8.2.2-3] te with another value than trailers", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [...get, ["te", "gzip"]])
  ]),
  stream("[rfc9113-8.1.1-2] a body longer than content-length", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [...get, ["content-length", "2"]], Raw.END_HEADERS),
    Raw.frame(Type.DATA, 0, id, octets(3))
  ]),
  stream("[rfc9113-8.1.1-2] a body shorter than content-length", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [...get, ["content-length", "2"]], Raw.END_HEADERS),
    Raw.frame(Type.DATA, Raw.END_STREAM, id, octets(1))
  ]),
  connection("[rfc9113-5.1.1-3] an even id", PROTOCOL_ERROR, (id) => [headers(id + 1, get)]),
  connection("[rfc9113-5.1.1-3] an id below one that was used", [PROTOCOL_ERROR, STREAM_CLOSED], (id) => [
    headers(id + 8, get),
    headers(id, get)
  ]),
  connection(
    "[rfc9113-8.4-6] PUSH_PROMISE",
    PROTOCOL_ERROR,
    (id) => [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, id, concat([uint32(2), plainBlock(get)]))],
    "open"
  )
]

/** What a server does wrong. */
export const ofServers: ReadonlyArray<Violation> = [
  ...common,
  ...malformed.map(([title, more]) =>
    stream(`${title} in a response`, PROTOCOL_ERROR, "fresh", (id) => [headers(id, [[":status", "200"], ...more])])
  ),
  stream("[rfc9113-8.3.2-1] a response without :status", PROTOCOL_ERROR, "fresh", (id) => [headers(id, [["x", "y"]])]),
  stream("[rfc9113-8.3-8] two :status", PROTOCOL_ERROR, "fresh", (id) => [
    headers(id, [
      [":status", "200"],
      [":status", "200"]
    ])
  ]),
  stream("[rfc9113-8.3-2] :path in a response", PROTOCOL_ERROR, "fresh", (id) => [
    headers(id, [
      [":status", "200"],
      [":path", "/"]
    ])
  ]),
  stream("[rfc9113-8.1.1-2] DATA before the head", PROTOCOL_ERROR, "fresh", (id) => [
    Raw.frame(Type.DATA, 0, id, octets(1))
  ]),
  stream("[rfc9113-8.1.1-2] an informational response that ends the stream", PROTOCOL_ERROR, "fresh", (id) => [
    headers(id, [[":status", "103"]])
  ]),
  stream("[rfc9113-8.1.1-2] 101", PROTOCOL_ERROR, "fresh", (id) => [
    headers(id, [[":status", "101"]], Raw.END_HEADERS)
  ]),
  stream("[rfc9113-8.1.1-2] a body longer than content-length", PROTOCOL_ERROR, "fresh", (id) => [
    headers(
      id,
      [
        [":status", "200"],
        ["content-length", "2"]
      ],
      Raw.END_HEADERS
    ),
    Raw.frame(Type.DATA, 0, id, octets(3))
  ]),
  stream("[rfc9113-8.1.1-2] a body shorter than content-length", PROTOCOL_ERROR, "fresh", (id) => [
    headers(
      id,
      [
        [":status", "200"],
        ["content-length", "2"]
      ],
      Raw.END_HEADERS
    ),
    Raw.frame(Type.DATA, Raw.END_STREAM, id, octets(1))
  ]),
  connection("[rfc9113-5.1-6] HEADERS on a stream that was not asked for", PROTOCOL_ERROR, (id) => [
    headers(id, [[":status", "200"]])
  ]),
  connection("[rfc9113-5.1-2] HEADERS on a stream that was not promised", PROTOCOL_ERROR, (id) => [
    headers(id + 1, [[":status", "200"]])
  ]),
  connection("[rfc9113-6.5.2-6] ENABLE_PUSH of 1", PROTOCOL_ERROR, () => [setting(Setting.ENABLE_PUSH, 1)]),
  connection(
    "[rfc9113-6.5.2-2] [rfc9113-6.6-8] PUSH_PROMISE that was not allowed",
    PROTOCOL_ERROR,
    (id) => [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, id, concat([uint32(2), plainBlock(get)]))],
    "open"
  )
]

/** What may look wrong and is not. */
export const harmless: ReadonlyArray<Pick<Violation, "title" | "on" | "octets">> = [
  {
    title: "[rfc9113-4.1-2] [rfc9113-5.5-2] frames of unknown types",
    on: "idle",
    octets: (id) => [Raw.frame(0xfa, 0xff, id, octets(9)), Raw.frame(0x42, 0, 0, nothing)]
  },
  { title: "[rfc9113-6.5.2-12] settings that nobody knows", on: "idle", octets: () => [setting(0xf0f0, 0xffffffff)] },
  { title: "an acknowledgement of SETTINGS that were not sent", on: "idle", octets: () => [Raw.settingsAck] },
  {
    title: "[rfc9113-6.7-5] an answer to a PING that was not sent",
    on: "idle",
    octets: () => [Raw.ping(octets(8), true)]
  },
  {
    title: "[rfc9113-6.9-3] WINDOW_UPDATE and RST_STREAM on a stream that is over",
    on: "over",
    octets: (id) => [Raw.windowUpdate(id, 5), Raw.rstStream(id, 0)]
  },
  {
    title: "PRIORITY on streams in any state",
    on: "over",
    octets: (id) => [id, id + 1, 9999].map((each) => Raw.frame(Type.PRIORITY, 0, each, Raw.prioritySpec(0, 1, false)))
  }
]
