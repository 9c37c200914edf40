/**
 * The fields that a message which is sent gets beside its user's, where they are not there: content-length (RFC 9110 §8.6), content-type. Called by the
 * skins, for responses and requests.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "../Headers.js"

const has = (headers: Headers.Headers, name: string): boolean => {
  for (const field of headers.fields) if (field.name === name) return true
  return false
}

/** `input` with the fields of `more` that it does not have. */
const withDefaults = (input: Headers.Input | undefined, more: ReadonlyArray<HeaderField>): Headers.Headers => {
  const headers = Headers.make(input)
  const missing = headers.fields.length === 0 ? more : more.filter((field) => !has(headers, field.name))
  return missing.length === 0 ? headers : new Headers.Headers([...headers.fields, ...missing])
}

/** The fields of a message. `length`: the octets of its body, where it is known and to be said. */
export const messageHeaders = (
  input: Headers.Input | undefined,
  length: number | undefined,
  contentType: HeaderField | undefined
): Headers.Headers => {
  const more = contentType === undefined ? [] : [contentType]
  if (length !== undefined) more.push(new HeaderField("content-length", String(length)))
  return more.length === 0 ? Headers.make(input) : withDefaults(input, more)
}
