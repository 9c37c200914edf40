/**
 * The fields of an HTTP/2 request as platform `Headers`, as an application knows them from HTTP/1.1: no pseudo-header fields, `host` from
 * :authority. A request that repeats its head gets the same, frozen, instance. Called by serverRequest.ts.
 */
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2Headers from "@effect-http2/http2/Headers"
import * as Headers from "@effect/platform/Headers"

/** Fields of which `node:http` keeps the first; the values of all others are joined. */
const single: ReadonlySet<string> = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent"
])

const known = new WeakMap<Http2Headers.Headers, Headers.Headers>()

const convert = (request: Http2Server.Request): Headers.Headers => {
  const record: Record<string, string> = {}
  if (request.authority !== "") record["host"] = request.authority
  for (const { name, value } of request.headers.fields) {
    const current = Object.hasOwn(record, name) ? record[name] : undefined
    if (current === undefined) record[name] = value
    else if (!single.has(name)) record[name] = `${current}${name === "cookie" ? "; " : ", "}${value}`
  }
  // RFC 8441 §5: :protocol stands for these two.
  if (isWebSocket(request)) {
    record["connection"] = "Upgrade"
    record["upgrade"] = "websocket"
  }
  return Object.freeze(Headers.unsafeFromRecord(record))
}

/** Whether the request asks for a WebSocket by extended CONNECT (RFC 8441 §5). */
export const isWebSocket = (request: Http2Server.Request): boolean => request.protocol === "websocket"

/** The headers of `request`, of which the engine has one instance for each distinct head. */
export const toHeaders = (request: Http2Server.Request): Headers.Headers => {
  const { headers } = request
  let converted = known.get(headers)
  if (converted === undefined) {
    converted = convert(request)
    known.set(headers, converted)
  }
  return converted
}
