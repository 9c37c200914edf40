/**
 * Fields from the platform's form to that of HTTP/2 and back. Called for each request and response; headers that come again are converted once.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Http2Headers from "@effect-http2/http2/Headers"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "@effect/platform/Headers"
import type { Exchange } from "./exchange.js"

/** Fields that a request over HTTP/2 does not have (RFC 9113 §8.2.2); `host` becomes the authority. */
const isDropped = (name: string, value: string): boolean =>
  name === "host" ||
  name === "http2-settings" ||
  Http2Headers.isConnectionField(name) ||
  (name === "te" && value !== "trailers")

const converted = new WeakMap<Headers.Headers, Http2Headers.Headers>()

const convert = (headers: Headers.Headers): Http2Headers.Headers => {
  const fields: Array<HeaderField> = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isDropped(name, value)) continue
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
const missingFields = ({ body, headers, target }: Exchange): ReadonlyArray<HeaderField> | undefined => {
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
export const toHttp2 = (exchange: Exchange): Http2Headers.Headers => {
  const headers = base(exchange.headers)
  const missing = missingFields(exchange)
  const { trace } = exchange
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

const isStream = (
  content: Exchange["body"]["content"]
): content is Exclude<Exchange["body"]["content"], Uint8Array | undefined> =>
  content !== undefined && !(content instanceof Uint8Array)

/** How long the body of a request is said to be: NaN for a field that says nothing that can be. */
export const announcedOctets = ({ body, headers }: Exchange): number | undefined => {
  const field = headers["content-length"]
  if (field === undefined) return body.contentLength
  return /^\d+$/.test(field) ? Number(field) : Number.NaN
}

/** What is sent has to be as long as it says (RFC 9110 §8.6). */
export const lengthError = (announced: number): Http2Error.StreamError =>
  Http2Error.usageError(0, undefined, `content-length is ${announced}, the body is not`)

/** Why a request whose length is known does not go out: its content-length says something else. A Stream is counted as it is sent. */
export const lengthViolation = (exchange: Exchange): Http2Error.StreamError | undefined => {
  if (exchange.headers["content-length"] === undefined) return undefined
  const announced = announcedOctets(exchange)
  const { content } = exchange.body
  if (announced === undefined || isStream(content)) {
    return Number.isNaN(announced) ? Http2Error.usageError(0, undefined, "content-length is no number") : undefined
  }
  return (content?.length ?? 0) === announced ? undefined : lengthError(announced)
}

/**
 * The fields of a request over HTTP/1.1. How its body is framed is decided here: `node:http` sends the octets of one without content-length to a GET or a
 * DELETE without any framing, where the server takes them for the next request.
 */
export const toHttp1 = (exchange: Exchange): Record<string, string> => {
  const { "transfer-encoding": _, ...headers } = exchange.headers
  const record: Record<string, string> = { host: exchange.target.origin.authority, ...headers }
  if (isStream(exchange.body.content) && announcedOctets(exchange) === undefined)
    record["transfer-encoding"] = "chunked"
  for (const { name, value } of missingFields(exchange) ?? []) record[name] = value
  for (const { name, value } of exchange.trace?.fields ?? []) record[name] = value
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
