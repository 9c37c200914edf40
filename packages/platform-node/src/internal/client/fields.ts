/**
 * Fields from the platform's form to that of HTTP/2 and back. Called for each request and response; headers that come again are converted once.
 */
import * as Http2Headers from "@effect-http2/http2/Headers"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "@effect/platform/Headers"
import type { Outgoing } from "./message.js"

/** What speaks of one connection and has no meaning in HTTP/2 (RFC 9113 §8.2.2); `host` becomes the authority. */
const dropped = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade"
])

const converted = new WeakMap<Headers.Headers, Http2Headers.Headers>()

const convert = (headers: Headers.Headers): Http2Headers.Headers => {
  const fields: Array<HeaderField> = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || dropped.has(name)) continue
    if (name === "te" && value !== "trailers") continue
    fields.push(new HeaderField(name, value))
  }
  return new Http2Headers.Headers(fields)
}

const base = (headers: Headers.Headers): Http2Headers.Headers => {
  const known = converted.get(headers)
  if (known !== undefined) return known
  const fresh = convert(headers)
  converted.set(headers, fresh)
  return fresh
}

/** The fields that a request needs and does not have: those of its body, its trace, and what the URL says. */
export const missingFields = ({ body, headers, target, trace }: Outgoing): Array<readonly [string, string]> => {
  const fields: Array<readonly [string, string]> = []
  if (body.contentType !== undefined && headers["content-type"] === undefined) {
    fields.push(["content-type", body.contentType])
  }
  if (body.contentLength !== undefined && headers["content-length"] === undefined) {
    fields.push(["content-length", String(body.contentLength)])
  }
  if (target.authorization !== undefined && headers["authorization"] === undefined) {
    fields.push(["authorization", target.authorization])
  }
  if (trace !== undefined) for (const name in trace) fields.push([name, trace[name] ?? ""])
  return fields
}

/** The fields of a request over HTTP/2. */
export const toHttp2 = (outgoing: Outgoing): Http2Headers.Headers => {
  const headers = base(outgoing.headers)
  const missing = missingFields(outgoing)
  if (missing.length === 0) return headers
  const { trace } = outgoing
  const fields = trace === undefined ? headers.fields.slice() : headers.fields.filter(({ name }) => !(name in trace))
  for (const [name, value] of missing) fields.push(new HeaderField(name, value))
  return new Http2Headers.Headers(fields)
}

const received = new WeakMap<Http2Headers.Headers, Headers.Headers>()

/** The fields of a response over HTTP/2. Values of repeated ones are joined, as the platform's other clients do. */
export const fromHttp2 = (headers: Http2Headers.Headers): Headers.Headers => {
  const known = received.get(headers)
  if (known !== undefined) return known
  const record: Record<string, string> = {}
  for (const { name, value } of headers.fields) {
    const before = record[name]
    record[name] = before === undefined ? value : `${before}, ${value}`
  }
  const fresh = Headers.fromInput(record)
  received.set(headers, fresh)
  return fresh
}
