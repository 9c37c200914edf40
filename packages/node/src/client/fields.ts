/**
 * Fields from the form that the platform has to those of HTTP/2 and HTTP/1.1, and back. Called for each request and response; headers that come again are
 * converted once.
 */
import * as Http2Error from "@effect-http2/engine/Http2Error"
import * as Http2Headers from "@effect-http2/engine/Headers"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { BodySource, Fields, Outgoing } from "./exchange.js"

/** Fields that a request over HTTP/2 does not have (RFC 9113 §8.2.2); `host` becomes the authority. */
const isDropped = (name: string, value: string): boolean =>
  name === "host" ||
  name === "http2-settings" ||
  Http2Headers.isConnectionField(name) ||
  (name === "te" && value !== "trailers")

const converted = new WeakMap<Fields, Http2Headers.Headers>()

const convert = (headers: Fields): Http2Headers.Headers => {
  const fields: Array<HeaderField> = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isDropped(name, value)) continue
    fields.push(new HeaderField(name, value))
  }
  return new Http2Headers.Headers(fields)
}

const base = (headers: Fields): Http2Headers.Headers => {
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

const isSource = (content: Outgoing["body"]["content"]): content is BodySource =>
  content !== undefined && !(content instanceof Uint8Array)

/** How long the body of a request is said to be: NaN for a field that says nothing that can be. */
export const announcedOctets = ({ body, headers }: Outgoing): number | undefined => {
  const field = headers["content-length"]
  if (field === undefined) return body.contentLength
  return /^\d+$/.test(field) ? Number(field) : Number.NaN
}

/** What is sent has to be as long as it says (RFC 9110 §8.6). */
export const lengthError = (announced: number): Http2Error.StreamError =>
  Http2Error.usageError(0, undefined, `content-length is ${announced}, the body is not`)

/** Why a request whose length is known does not go out: its content-length says something else. A source is counted as it is sent. */
export const lengthViolation = (outgoing: Outgoing): Http2Error.StreamError | undefined => {
  if (outgoing.headers["content-length"] === undefined) return undefined
  const announced = announcedOctets(outgoing)
  const { content } = outgoing.body
  if (announced === undefined || isSource(content)) {
    return Number.isNaN(announced) ? Http2Error.usageError(0, undefined, "content-length is no number") : undefined
  }
  return (content?.length ?? 0) === announced ? undefined : lengthError(announced)
}

/**
 * The fields of a request over HTTP/1.1. How its body is framed is decided here: `node:http` sends the octets of one without content-length to a GET or a
 * DELETE without any framing, where the server takes them for the next request.
 */
export const toHttp1 = (outgoing: Outgoing): Record<string, string> => {
  const { "transfer-encoding": _, ...headers } = outgoing.headers
  const record: Record<string, string> = { host: outgoing.target.origin.authority, ...headers }
  if (isSource(outgoing.body.content) && announcedOctets(outgoing) === undefined)
    record["transfer-encoding"] = "chunked"
  for (const { name, value } of missingFields(outgoing) ?? []) record[name] = value
  for (const { name, value } of outgoing.trace?.fields ?? []) record[name] = value
  return record
}

/** The fields of a response over HTTP/2, by name. Values of repeated ones are joined, as the platform's other clients do. */
export const fromHttp2 = (headers: Http2Headers.Headers): ReadonlyMap<string, string> => {
  const values = new Map<string, string>()
  for (const { name, value } of headers.fields) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return values
}
