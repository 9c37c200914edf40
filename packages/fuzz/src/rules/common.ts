/** What breaks a rule whoever does it. */
import * as Raw from "@effect-http2/testkit/rawFrame"
import { connection, headers, nothing, zeros, setting, stream, type Violation } from "./violation.js"

const { Code, Setting, Type } = Raw
const { COMPRESSION_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } = Code
const begun = (id: number): Uint8Array => headers(id, [["x", "y"]], 0)

/** What holds for both roles. */
export const common: ReadonlyArray<Violation> = [
  connection("[rfc9113-6.1-3] DATA on stream 0", PROTOCOL_ERROR, () => [Raw.frame(Type.DATA, 0, 0, zeros(3))]),
  connection("[rfc9113-5.1-1] DATA on an idle stream", PROTOCOL_ERROR, (id) => [Raw.frame(Type.DATA, 0, id, zeros(3))]),
  connection(
    "[rfc9113-6.1-5] DATA with more padding than there is room for",
    PROTOCOL_ERROR,
    (id) => [Raw.frame(Type.DATA, Raw.PADDED, id, Uint8Array.of(3, 0, 0))],
    "open"
  ),
  connection("[rfc9113-6.2-5] HEADERS on stream 0", PROTOCOL_ERROR, () => [headers(0, [["x", "y"]])]),
  connection(
    "[rfc9113-6.2-6] HEADERS with more padding than there is room for",
    PROTOCOL_ERROR,
    (id) => [Raw.frame(Type.HEADERS, Raw.END_HEADERS | Raw.PADDED, id, Uint8Array.of(9, 0x88))],
    "open"
  ),
  connection("[rfc9113-6.3-1] PRIORITY on stream 0", PROTOCOL_ERROR, () => [Raw.frame(Type.PRIORITY, 0, 0, zeros(5))]),
  connection("[rfc9113-6.4-4] RST_STREAM on stream 0", PROTOCOL_ERROR, () => [Raw.rstStream(0, 8)]),
  connection("[rfc9113-6.4-6] RST_STREAM on an idle stream", PROTOCOL_ERROR, (id) => [Raw.rstStream(id, 8)]),
  connection(
    "[rfc9113-6.4-7] RST_STREAM of 5 octets",
    FRAME_SIZE_ERROR,
    (id) => [Raw.frame(Type.RST_STREAM, 0, id, zeros(5))],
    "open"
  ),
  connection("[rfc9113-6.5-6] SETTINGS on a stream", PROTOCOL_ERROR, () => [Raw.frame(Type.SETTINGS, 0, 1, zeros(6))]),
  connection("[rfc9113-6.5-4] SETTINGS that acknowledge with a payload", FRAME_SIZE_ERROR, () => [
    Raw.frame(Type.SETTINGS, Raw.ACK, 0, zeros(6))
  ]),
  connection("[rfc9113-6.5-8] SETTINGS of 7 octets", FRAME_SIZE_ERROR, () => [
    Raw.frame(Type.SETTINGS, 0, 0, zeros(7))
  ]),
  connection("[rfc9113-6.5.2-3] ENABLE_PUSH of 2", PROTOCOL_ERROR, () => [setting(Setting.ENABLE_PUSH, 2)]),
  connection("[rfc9113-6.5.2-9] INITIAL_WINDOW_SIZE of 2^31", FLOW_CONTROL_ERROR, () => [
    setting(Setting.INITIAL_WINDOW_SIZE, 0x80000000)
  ]),
  connection("[rfc9113-6.5.2-11] MAX_FRAME_SIZE of 16,383", PROTOCOL_ERROR, () => [
    setting(Setting.MAX_FRAME_SIZE, 16_383)
  ]),
  connection("[rfc9113-6.5.2-11] MAX_FRAME_SIZE of 2^24", PROTOCOL_ERROR, () => [
    setting(Setting.MAX_FRAME_SIZE, 16_777_216)
  ]),
  connection(
    "[rfc9113-6.9.2-3] INITIAL_WINDOW_SIZE that takes a stream's window over 2^31-1",
    FLOW_CONTROL_ERROR,
    (id) => [Raw.settings([Setting.INITIAL_WINDOW_SIZE, 1]), Raw.windowUpdate(id, 0x7ffffffe), setting(4, 0x7fffffff)],
    "open"
  ),
  connection("[rfc9113-6.7-6] PING on a stream", PROTOCOL_ERROR, () => [Raw.frame(Type.PING, 0, 1, zeros(8))]),
  connection("[rfc9113-6.7-7] PING of 7 octets", FRAME_SIZE_ERROR, () => [Raw.frame(Type.PING, 0, 0, zeros(7))]),
  connection("[rfc9113-6.8-4] GOAWAY on a stream", PROTOCOL_ERROR, () => [Raw.frame(Type.GOAWAY, 0, 1, zeros(8))]),
  connection(
    "[rfc9113-6.8-5] GOAWAY with a higher last stream than before",
    PROTOCOL_ERROR,
    (id) => [Raw.goAway(id, 0), Raw.goAway(id + 2, 0)],
    "open"
  ),
  connection("[rfc9113-4.2-3] GOAWAY of 7 octets", FRAME_SIZE_ERROR, () => [Raw.frame(Type.GOAWAY, 0, 0, zeros(7))]),
  connection("[rfc9113-6.9-2] WINDOW_UPDATE of 0 on the connection", PROTOCOL_ERROR, () => [Raw.windowUpdate(0, 0)]),
  connection("[rfc9113-6.9-5] WINDOW_UPDATE of 3 octets", FRAME_SIZE_ERROR, () => [
    Raw.frame(Type.WINDOW_UPDATE, 0, 0, zeros(3))
  ]),
  connection(
    "[rfc9113-6.9.1-3] WINDOW_UPDATE that takes the connection's window over 2^31-1",
    FLOW_CONTROL_ERROR,
    () => [Raw.windowUpdate(0, 0x7fffffff), Raw.windowUpdate(0, 0x7fffffff)]
  ),
  connection("[rfc9113-5.1-1] WINDOW_UPDATE on an idle stream", PROTOCOL_ERROR, (id) => [Raw.windowUpdate(id, 1)]),
  connection("[rfc9113-6.10-6] CONTINUATION of nothing", PROTOCOL_ERROR, (id) => [
    Raw.frame(Type.CONTINUATION, Raw.END_HEADERS, id, nothing)
  ]),
  connection("[rfc9113-6.10-4] CONTINUATION on stream 0", PROTOCOL_ERROR, () => [
    Raw.frame(Type.CONTINUATION, Raw.END_HEADERS, 0, nothing)
  ]),
  ...[
    ["DATA", (id: number) => Raw.frame(Type.DATA, 0, id, zeros(1))] as const,
    ["HEADERS", (id: number) => headers(id, [["x", "y"]])] as const,
    ["PING", () => Raw.ping(zeros(8))] as const,
    ["SETTINGS", () => Raw.settings()] as const,
    ["WINDOW_UPDATE", () => Raw.windowUpdate(0, 5)] as const
  ].map(([name, frame]) =>
    connection(
      `[rfc9113-4.3-1] [rfc9113-6.2-3] ${name} in the middle of a field block`,
      PROTOCOL_ERROR,
      (id) => [begun(id), frame(id)],
      "open"
    )
  ),
  connection(
    "[rfc9113-5.5-3] a frame of an unknown type in the middle of a field block",
    PROTOCOL_ERROR,
    (id) => [begun(id), Raw.frame(0xfa, 0, id, zeros(1))],
    "open"
  ),
  connection(
    "[rfc9113-6.10-2] CONTINUATION of another stream",
    PROTOCOL_ERROR,
    (id) => [begun(id), Raw.frame(Type.CONTINUATION, Raw.END_HEADERS, id + 2, nothing)],
    "open"
  ),
  connection("[rfc9113-4.2-2] a frame larger than we take", FRAME_SIZE_ERROR, () => [
    Raw.frame(0xfa, 0, 0, zeros(120_000))
  ]),
  ...(
    [
      ["an index of 0", Uint8Array.of(0x80)],
      ["an index beyond the tables", Uint8Array.of(0xff, 0x80, 0x7f)],
      ["a block that ends in a literal", Uint8Array.of(0x00, 0x05, 0x61)],
      ["a size update over the limit", Uint8Array.of(0x3f, 0xff, 0xff, 0x7f)],
      ["a size update behind a field", Uint8Array.of(0x82, 0x20)],
      ["padding of the Huffman code that is none", Uint8Array.of(0x00, 0x81, 0x00, 0x00)]
    ] as const
  ).map(([name, block]) =>
    connection(
      `[rfc9113-4.3-3] ${name}`,
      COMPRESSION_ERROR,
      (id) => [Raw.frame(Type.HEADERS, Raw.END_HEADERS | Raw.END_STREAM, id, block)],
      "open"
    )
  ),
  connection("[rfc9218-2.1-2] NO_RFC7540_PRIORITIES of 2", PROTOCOL_ERROR, () => [
    setting(Setting.NO_RFC7540_PRIORITIES, 2)
  ]),
  connection("[rfc8441-3-1] ENABLE_CONNECT_PROTOCOL of 2", PROTOCOL_ERROR, () => [
    setting(Setting.ENABLE_CONNECT_PROTOCOL, 2)
  ]),
  connection("[rfc8441-3-2] ENABLE_CONNECT_PROTOCOL that is taken back", PROTOCOL_ERROR, () => [
    setting(Setting.ENABLE_CONNECT_PROTOCOL, 1),
    setting(Setting.ENABLE_CONNECT_PROTOCOL, 0)
  ]),
  stream("[rfc9113-6.9-2] WINDOW_UPDATE of 0", PROTOCOL_ERROR, "open", (id) => [Raw.windowUpdate(id, 0)]),
  stream("[rfc9113-6.9.1-3] WINDOW_UPDATE that takes the window over 2^31-1", FLOW_CONTROL_ERROR, "open", (id) => [
    Raw.windowUpdate(id, 0x7fffffff),
    Raw.windowUpdate(id, 0x7fffffff)
  ]),
  stream("[rfc9113-6.3-2] PRIORITY of 4 octets", FRAME_SIZE_ERROR, "open", (id) => [
    Raw.frame(Type.PRIORITY, 0, id, zeros(4))
  ]),
  stream("[rfc9113-5.1-7] [rfc9113-6.1-4] DATA behind END_STREAM", STREAM_CLOSED, "ended", (id) => [
    Raw.frame(Type.DATA, 0, id, zeros(1))
  ]),
  stream("[rfc9113-5.1-7] HEADERS behind END_STREAM", STREAM_CLOSED, "ended", (id) => [headers(id, [["x", "y"]])]),
  stream("[rfc9113-8.1-4] trailers without END_STREAM", PROTOCOL_ERROR, "open", (id) => [
    headers(id, [["x", "y"]], Raw.END_HEADERS)
  ]),
  stream("[rfc9113-8.1-3] trailers with a pseudo-header field", PROTOCOL_ERROR, "open", (id) => [
    headers(id, [[":status", "200"]])
  ]),
  stream("[rfc9113-8.2.1-7] trailers with an upper-case name", PROTOCOL_ERROR, "open", (id) => [
    headers(id, [["X", "y"]])
  ])
]
