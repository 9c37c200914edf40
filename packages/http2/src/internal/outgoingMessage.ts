/**
 * What a message that is sent has in either role: fields, a body, trailers. Called by Http2ServerResponse.ts and, for requests, by clientRequests.ts.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { messageHeaders } from "@effect-http2/engine/message/defaultFields"
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
export const encodeBody = (body: Body): Exclude<Body, string> => (typeof body === "string" ? Text.toOctets(body) : body)

export const toTrailers = (trailers: Trailers | undefined): OutgoingMessage["trailers"] => {
  if (trailers === undefined) return undefined
  return Effect.isEffect(trailers)
    ? Effect.map(trailers, (input) => Headers.make(input))
    : Effect.succeed(Headers.make(trailers))
}

/** A message. Where its body is text or octets and `saysLength` holds, content-length is added if it is not there; so is `contentType`. */
export const makeMessage = (
  headers: Headers.Input | undefined,
  given: Body,
  trailers: Trailers | undefined,
  saysLength: boolean,
  contentType?: HeaderField
): OutgoingMessage => {
  const body = encodeBody(given)
  const length = saysLength && body instanceof Uint8Array ? body.length : undefined
  return { headers: messageHeaders(headers, length, contentType), body, trailers: toTrailers(trailers) }
}
