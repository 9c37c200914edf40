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

/** The fields that a request needs and does not have: those of its body, and what its URL says. */
const missingFields = ({ body, headers, target }: Outgoing): ReadonlyArray<HeaderField> | undefined => {
  const { contentLength, contentType } = body
  const { authorization } = target
  if (contentLength === undefined && contentType === undefined && authorization === undefined) return undefined
  const fields: Array<HeaderField> = []
  if (contentType !== undefined && headers["content-type"] === undefined) {
    fields.push(new HeaderField("content-type", contentType))
  }
  if (contentLength !== undefined && headers["content-length"] === undefined) {
    fields.push(new HeaderField("content-length", String(contentLength)))
  }
  if (authorization !== undefined && headers["authorization"] === undefined) {
    fields.push(new HeaderField("authorization", authorization))
  }
  return fields
}

/** The fields of a request over HTTP/2. Those of its trace take the place of others. */
export const toHttp2 = (outgoing: Outgoing): Http2Headers.Headers => {
  const headers = base(outgoing.headers)
  const missing = missingFields(outgoing)
  const { trace } = outgoing
  let fields = headers.fields
  if (trace !== undefined) {
    for (const { name } of fields) {
      if (!trace.has(name)) continue
      fields = fields.filter(({ name }) => !trace.has(name))
      break
    }
    fields = fields.length === 0 ? trace.fields : fields.concat(trace.fields)
  }
  if (missing !== undefined && missing.length > 0) fields = fields.concat(missing)
  return fields === headers.fields ? headers : new Http2Headers.Headers(fields)
}

/** The fields of a request over HTTP/1.1. */
export const toHttp1 = (outgoing: Outgoing): Record<string, string> => {
  const record: Record<string, string> = { host: outgoing.target.origin.authority, ...outgoing.headers }
  for (const { name, value } of missingFields(outgoing) ?? []) record[name] = value
  for (const { name, value } of outgoing.trace?.fields ?? []) record[name] = value
  return record
}

const received = new WeakMap<Http2Headers.Headers, Headers.Headers>()

/** The fields of a response over HTTP/2. Values of repeated ones are joined, as the platform's other clients do. */
export const fromHttp2 = (headers: Http2Headers.Headers): Headers.Headers => {
  const known = received.get(headers)
  if (known !== undefined) return known
  const values = new Map<string, string>()
  for (const { name, value } of headers.fields) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  const fresh = Headers.fromInput(values)
  received.set(headers, fresh)
  return fresh
}
