/**
 * What a message that is sent has in either role: fields, a body, trailers. Called by Http2ServerResponse.ts and, for requests, by clientRequests.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Text from "@effect-http2/engine/text"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as Headers from "../Headers.js"

/**
 * A body to be sent: none, octets, text (sent as UTF-8), or a stream of octets. A stream that fails resets the HTTP/2 stream, so that
 * what has arrived is not taken for the whole.
 */
export type Body = undefined | string | Uint8Array | Stream.Stream<Uint8Array, unknown>

/**
 * Fields, or an effect that gives them once the body has left; if it fails the stream is reset, and so it is where they are larger than the peer
 * accepts (SETTINGS_MAX_HEADER_LIST_SIZE): a message without its trailers does not look whole. A tunnel has none (§8.5).
 */
export type Trailers = Headers.Input | Effect.Effect<Headers.Input, unknown>

export interface OutgoingMessage {
  readonly headers: Headers.Headers
  readonly body: Exclude<Body, string>
  /** Fields sent behind the body, computed when it has left. */
  readonly trailers: Effect.Effect<Headers.Headers, unknown> | undefined
}

/** Text as octets; everything else as it is. */
const encodeBody = (body: Body): Exclude<Body, string> => (typeof body === "string" ? Text.toOctets(body) : body)

const toTrailers = (trailers: Trailers | undefined): OutgoingMessage["trailers"] => {
  if (trailers === undefined) return undefined
  return Effect.isEffect(trailers)
    ? Effect.map(trailers, (input) => Headers.make(input))
    : Effect.succeed(Headers.make(trailers))
}

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

const lengthField = (octets: Uint8Array): HeaderField => new HeaderField("content-length", String(octets.length))

/** A message. Where its body is text or octets and `saysLength` holds, content-length is added if it is not there; so is `contentType`. */
export const makeMessage = (
  headers: Headers.Input | undefined,
  given: Body,
  trailers: Trailers | undefined,
  saysLength: boolean,
  contentType?: HeaderField
): OutgoingMessage => {
  const body = encodeBody(given)
  const more = contentType === undefined ? [] : [contentType]
  if (saysLength && body instanceof Uint8Array) more.push(lengthField(body))
  return {
    headers: more.length === 0 ? Headers.make(headers) : withDefaults(headers, more),
    body,
    trailers: toTrailers(trailers)
  }
}
