/**
 * The responses that a server's handler gives.
 *
 * @since 0.1.0
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as Headers from "./Headers.js"
import * as Text from "@effect-http2/engine/text"

/**
 * A body to be sent: none, octets, text (sent as UTF-8), or a stream of octets. A stream that fails resets the HTTP/2 stream, so that
 * what has arrived is not taken for the whole.
 *
 * @since 0.1.0
 * @category models
 */
export type Body = undefined | string | Uint8Array | Stream.Stream<Uint8Array, unknown>

/**
 * A response. It is immutable and may be sent any number of times.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2ServerResponse {
  /** 200 to 599. */
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Exclude<Body, string>
  /** Fields sent behind the body, computed when it has left. */
  readonly trailers: Effect.Effect<Headers.Headers, unknown> | undefined
}

/**
 * What a response is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Headers.Input
  readonly body?: Body
  /**
   * Fields, or an effect that gives them once the body has left; if it fails the stream is reset, and so it is where they are larger than the peer
   * accepts (SETTINGS_MAX_HEADER_LIST_SIZE): a message without its trailers does not look whole. A tunnel has none (§8.5).
   */
  readonly trailers?: Headers.Input | Effect.Effect<Headers.Input, unknown>
}

/** Text as octets; everything else as it is. */
const encodeBody = (body: Body): Exclude<Body, string> => (typeof body === "string" ? Text.toOctets(body) : body)

const toTrailers = (trailers: NonNullable<Options["trailers"]>): Effect.Effect<Headers.Headers, unknown> =>
  Effect.isEffect(trailers)
    ? Effect.map(trailers, (input) => Headers.make(input))
    : Effect.succeed(Headers.make(trailers))

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
const plainText = new HeaderField("content-type", "text/plain; charset=utf-8")
const jsonText = new HeaderField("content-type", "application/json")

/**
 * A response. Where the body is text or octets, content-length is added if it is not there.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
 *
 * const notFound = Http2ServerResponse.make({ status: 404, headers: { "content-type": "text/plain" }, body: "No such thing" })
 */
export const make = (options: Options = {}): Http2ServerResponse => {
  const status = options.status ?? 200
  const body = encodeBody(options.body)
  const hasLength = body instanceof Uint8Array && status !== 204
  return {
    status,
    headers: hasLength ? withDefaults(options.headers, [lengthField(body)]) : Headers.make(options.headers),
    body,
    trailers: options.trailers === undefined ? undefined : toTrailers(options.trailers)
  }
}

/**
 * A response without a body; status 204 unless another is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (options?: Omit<Options, "body">): Http2ServerResponse => make({ status: 204, ...options })

const withType = (type: HeaderField, text: string, options: Omit<Options, "body"> = {}): Http2ServerResponse => {
  const body = Text.toOctets(text)
  return {
    status: options.status ?? 200,
    headers: withDefaults(options.headers, [type, lengthField(body)]),
    body,
    trailers: options.trailers === undefined ? undefined : toTrailers(options.trailers)
  }
}

/**
 * Text as UTF-8, with content-type and content-length.
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (body: string, options?: Omit<Options, "body">): Http2ServerResponse =>
  withType(plainText, body, options)

/**
 * A value as JSON, with content-type and content-length. Throws what `JSON.stringify` throws.
 *
 * @since 0.1.0
 * @category constructors
 */
export const json = (value: unknown, options?: Omit<Options, "body">): Http2ServerResponse =>
  withType(jsonText, JSON.stringify(value), options)
