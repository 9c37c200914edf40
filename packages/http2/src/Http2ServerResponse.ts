/**
 * The responses that a server's handler gives.
 *
 * @since 0.1.0
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type * as Effect from "effect/Effect"
import type * as Headers from "./Headers.js"
import { type Body, makeMessage, type OutgoingMessage, type Trailers } from "./internal/outgoingMessage.js"

export type {
  /**
   * A body to be sent: none, octets, text (sent as UTF-8), or a stream of octets. A stream that fails resets the HTTP/2 stream, so that
   * what has arrived is not taken for the whole.
   *
   * @since 0.1.0
   * @category models
   */
  Body,
  /**
   * Fields, or an effect that gives them once the body has left; if it fails the stream is reset, and so it is where they are larger than the peer
   * accepts (SETTINGS_MAX_HEADER_LIST_SIZE): a message without its trailers does not look whole. A tunnel has none (§8.5).
   *
   * @since 0.1.0
   * @category models
   */
  Trailers
} from "./internal/outgoingMessage.js"

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
  readonly status?: number | undefined
  readonly headers?: Headers.Input | undefined
  readonly body?: Body
  readonly trailers?: Trailers | undefined
}

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
  const { body, headers, status = 200, trailers } = options
  return response(status, makeMessage(headers, body, trailers, status !== 204))
}

/** One shape for all of them. */
const response = (status: number, { body, headers, trailers }: OutgoingMessage): Http2ServerResponse => ({
  status,
  headers,
  body,
  trailers
})

/**
 * A response without a body; status 204 unless another is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (options?: Omit<Options, "body">): Http2ServerResponse =>
  make({ ...options, status: options?.status ?? 204 })

const withType = (type: HeaderField, text: string, options: Omit<Options, "body"> = {}): Http2ServerResponse =>
  response(options.status ?? 200, makeMessage(options.headers, text, options.trailers, true, type))

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
