/** What breaks a rule where a server does it. */
import { block } from "@effect-http2/testkit/fieldBlock"
import { concat, octets, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { common } from "./common.js"
import { get, malformed } from "./malformed.js"
import { connection, headers, zeros, setting, stream, type Violation } from "./violation.js"

const { Code, Setting, Type } = Raw
const { PROTOCOL_ERROR } = Code

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
    Raw.frame(Type.DATA, 0, id, zeros(1))
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
    Raw.frame(Type.DATA, 0, id, zeros(3))
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
    Raw.frame(Type.DATA, Raw.END_STREAM, id, zeros(1))
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
    (id) => [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, id, concat([uint32(2), block(...get)]))],
    "open"
  ),
  connection("[rfc9218-7.1-11] PRIORITY_UPDATE", PROTOCOL_ERROR, (id) => [
    Raw.frame(Type.PRIORITY_UPDATE, 0, 0, concat([uint32(id), octets("u=1")]))
  ])
]
