/**
 * The fields of an HTTP/2 request as an application knows them from HTTP/1.1: a record of names in small letters, no pseudo-header fields, `host` from
 * :authority. Called for each distinct head of a request.
 */
import type * as Http2Headers from "@effect-http2/engine/Headers"

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

/** `isWebSocket`: whether the request asks for a WebSocket by extended CONNECT. */
export const toRecord = (
  { authority, headers }: { readonly authority: string; readonly headers: Http2Headers.Headers },
  isWebSocket: boolean
): Record<string, string> => {
  const record: Record<string, string> = {}
  const setCookies: Array<string> = []
  if (authority !== "") record["host"] = authority
  for (const { name, value } of headers.fields) {
    if (name === "set-cookie") {
      setCookies.push(value)
      continue
    }
    const current = Object.hasOwn(record, name) ? record[name] : undefined
    if (current === undefined) record[name] = value
    else if (!single.has(name)) record[name] = `${current}${name === "cookie" ? "; " : ", "}${value}`
  }
  // RFC 8441 §5: :protocol stands for these two.
  if (isWebSocket) {
    record["connection"] = "Upgrade"
    record["upgrade"] = "websocket"
  }
  // The one field that `node:http` gives as a list; the type does not say so.
  if (setCookies.length > 0) Reflect.set(record, "set-cookie", setCookies)
  return record
}
