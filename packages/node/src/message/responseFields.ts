/**
 * The headers of a response of the skins' platforms as HTTP/2 takes them: no connection-specific fields, a `set-cookie` for each cookie, the content-length
 * that the body has. Called for each response.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Http2Headers from "@effect-http2/engine/Headers"

/** Fields that a response over HTTP/2 does not have (RFC 9113 §8.2.2). */
const isDropped = (name: string): boolean => name === "te" || Http2Headers.isConnectionField(name)

/** Responses that are made once and sent often repeat their headers; what the engine finds out about them is kept with the result. */
const known = new WeakMap<object, Http2Headers.Headers>()

/** The type says string; headers of `node:http` that slip through may be lists and numbers. */
const add = (fields: Array<HeaderField>, name: string, value: unknown): void => {
  if (typeof value === "string") fields.push(new HeaderField(name, value))
  else if (Array.isArray(value)) for (const each of value) add(fields, name, each)
  else if (typeof value === "number" || typeof value === "boolean") fields.push(new HeaderField(name, String(value)))
}

/** What a response of `node:http` has as its headers. */
export const fromNode = (
  headers: Readonly<Record<string, unknown>>,
  contentLength: number | undefined
): Http2Headers.Headers => new Http2Headers.Headers(toFields(headers, contentLength))

const toFields = (
  headers: Readonly<Record<string, unknown>>,
  contentLength: number | undefined
): Array<HeaderField> => {
  const fields: Array<HeaderField> = []
  for (const key of Object.keys(headers)) {
    const name = key.toLowerCase()
    if (isDropped(name) || (name === "content-length" && contentLength !== undefined)) continue
    add(fields, name, headers[key])
  }
  if (contentLength !== undefined) fields.push(new HeaderField("content-length", String(contentLength)))
  return fields
}

/** `setCookies`: the values of as many fields. `contentLength`: octets of the body where that is known, which overrides what `headers` say. */
export const toHttp2Headers = (
  headers: Readonly<Record<string, string | undefined>>,
  setCookies: ReadonlyArray<string>,
  contentLength: number | undefined
): Http2Headers.Headers => {
  const isCacheable = contentLength === undefined || headers["content-length"] === String(contentLength)
  if (!isCacheable || setCookies.length > 0) {
    return new Http2Headers.Headers([
      ...setCookies.map((value) => new HeaderField("set-cookie", value)),
      ...toFields(headers, contentLength)
    ])
  }
  const plain = toPlain(headers)
  if (plain !== undefined) return plain
  let converted = known.get(headers)
  if (converted === undefined) {
    converted = new Http2Headers.Headers(toFields(headers, undefined))
    known.set(headers, converted)
  }
  return converted
}

/** By content-type and content-length, for responses that say no more: most of those that are made for each request. */
const plainHeaders = new Map<string, Map<string, Http2Headers.Headers>>()
const maxPlain = 1024
let plainCount = 0

const toPlain = (headers: Readonly<Record<string, unknown>>): Http2Headers.Headers | undefined => {
  let count = 0
  for (const name in headers) if (++count > 2 || !name.startsWith("content-")) return undefined
  const type = headers["content-type"]
  const length = headers["content-length"]
  if (count !== 2 || typeof type !== "string" || typeof length !== "string") return undefined
  let byLength = plainHeaders.get(type)
  const current = byLength?.get(length)
  if (current !== undefined) return current
  if (plainCount === maxPlain) {
    plainHeaders.clear()
    plainCount = 0
    byLength = undefined
  }
  if (byLength === undefined) {
    byLength = new Map()
    plainHeaders.set(type, byLength)
  }
  const converted = new Http2Headers.Headers(toFields(headers, undefined))
  byLength.set(length, converted)
  plainCount++
  return converted
}

/** RFC 9110 §8.6: a response of 204 has no content-length. */
export const withoutLength = (headers: Http2Headers.Headers): Http2Headers.Headers =>
  headers.has("content-length")
    ? new Http2Headers.Headers(headers.fields.filter((field) => field.name !== "content-length"))
    : headers

/** `headers` with the fields of `more` in the place of those of the same name. */
export const override = (
  headers: Http2Headers.Headers,
  more: Iterable<readonly [name: string, value: string]>
): Http2Headers.Headers => {
  const added = [...more]
  const names = new Set(added.map(([name]) => name.toLowerCase()))
  const kept = headers.fields.filter((field) => !names.has(field.name))
  const fields = added
    .map(([name, value]) => new HeaderField(name.toLowerCase(), value))
    .filter((field) => !isDropped(field.name))
  return new Http2Headers.Headers([...kept, ...fields])
}
