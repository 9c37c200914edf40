/**
 * The responses that a server's handler gives.
 *
 * @since 0.1.0
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Headers from "./Headers.js"
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
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/http2/Http2ServerResponse")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A response. It is immutable and may be sent any number of times.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2ServerResponse extends Pipeable {
  readonly [TypeId]: TypeId
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
  readonly body?: Body | undefined
  readonly trailers?: Trailers | undefined
}

/** One shape for all of them. */
class ServerResponse implements Http2ServerResponse {
  constructor(
    readonly status: number,
    readonly headers: Headers.Headers,
    readonly body: Exclude<Body, string>,
    readonly trailers: Effect.Effect<Headers.Headers, unknown> | undefined
  ) {}

  get [TypeId](): TypeId {
    return TypeId
  }

  pipe() {
    // eslint-disable-next-line prefer-rest-params -- What `pipeArguments` takes.
    return pipeArguments(this, arguments)
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2ServerResponse = (u: unknown): u is Http2ServerResponse => Predicate.hasProperty(u, TypeId)

/**
 * A response of these parts as they are: content-length is not added. For layers that know their headers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = (
  status: number,
  headers: Headers.Headers,
  body: Exclude<Body, string>,
  trailers: Effect.Effect<Headers.Headers, unknown> | undefined
): Http2ServerResponse => new ServerResponse(status, headers, body, trailers)

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

const response = (status: number, { body, headers, trailers }: OutgoingMessage): Http2ServerResponse =>
  unsafeMake(status, headers, body, trailers)

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
export const unsafeJson = (value: unknown, options?: Omit<Options, "body">): Http2ServerResponse =>
  withType(jsonText, JSON.stringify(value), options)

/**
 * A value as JSON, with content-type and content-length. Fails with what `JSON.stringify` throws, for a cycle or a BigInt for instance.
 *
 * @since 0.1.0
 * @category constructors
 */
export const json = (
  value: unknown,
  options?: Omit<Options, "body">
): Effect.Effect<Http2ServerResponse, Cause.UnknownException> => Effect.try(() => unsafeJson(value, options))

/**
 * The response with another status.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setStatus: {
  (status: number): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, status: number): Http2ServerResponse
} = dual(2, (self: Http2ServerResponse, status: number): Http2ServerResponse =>
  unsafeMake(status, self.headers, self.body, self.trailers)
)

/**
 * The response with a field, in place of those of its name.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
 *
 * const cached = Http2ServerResponse.text("Hello").pipe(Http2ServerResponse.setHeader("cache-control", "max-age=60"))
 */
export const setHeader: {
  (name: string, value: string): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, name: string, value: string): Http2ServerResponse
} = dual(3, (self: Http2ServerResponse, name: string, value: string): Http2ServerResponse => {
  const lower = name.toLowerCase()
  const fields = self.headers.fields.filter((field) => field.name !== lower)
  const headers = new Headers.Headers([...fields, new HeaderField(lower, value)])
  return unsafeMake(self.status, headers, self.body, self.trailers)
})
