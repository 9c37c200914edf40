/** What breaks a rule where a client does it. */
import { block } from "@effect-http2/testkit/fieldBlock"
import { concat, octets, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { common } from "./common.js"
import { get, malformed } from "./malformed.js"
import { connection, headers, zeros, stream, type Violation } from "./violation.js"

const { Code, Type } = Raw
const { PROTOCOL_ERROR, STREAM_CLOSED } = Code

const priorityUpdate = (on: number, about: number): Uint8Array =>
  Raw.frame(Type.PRIORITY_UPDATE, 0, on, concat([uint32(about), octets("u=1")]))

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
    Raw.frame(Type.DATA, 0, id, zeros(3))
  ]),
  stream("[rfc9113-8.1.1-2] a body shorter than content-length", PROTOCOL_ERROR, "idle", (id) => [
    headers(id, [...get, ["content-length", "2"]], Raw.END_HEADERS),
    Raw.frame(Type.DATA, Raw.END_STREAM, id, zeros(1))
  ]),
  connection("[rfc9113-5.1.1-3] an even id", PROTOCOL_ERROR, (id) => [headers(id + 1001, get)]),
  connection("[rfc9113-5.1.1-3] an id below one that was used", [PROTOCOL_ERROR, STREAM_CLOSED], (id) => [
    headers(id + 8, get),
    headers(id, get)
  ]),
  connection(
    "[rfc9113-8.4-6] PUSH_PROMISE",
    PROTOCOL_ERROR,
    (id) => [Raw.frame(Type.PUSH_PROMISE, Raw.END_HEADERS, id, concat([uint32(2), block(...get)]))],
    "open"
  ),
  connection("[rfc9218-7.1-2] PRIORITY_UPDATE on a stream", PROTOCOL_ERROR, () => [priorityUpdate(1, 1)]),
  connection("[rfc9218-7.1-9] PRIORITY_UPDATE for stream 0", PROTOCOL_ERROR, () => [priorityUpdate(0, 0)]),
  connection("[rfc9218-7.1-8] PRIORITY_UPDATE for a push that was not promised", PROTOCOL_ERROR, () => [
    priorityUpdate(0, 1000)
  ])
]
