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
import { type Body, type Content, toContent, toHeaders, toTrailers, type Trailers } from "./internal/outgoingMessage.js"

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
export const TypeId = "~@effect-http2/effect4-http2/Http2ServerResponse"

/**
 * A response. It is immutable and may be sent any number of times.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2ServerResponse extends Pipeable {
  readonly [TypeId]: typeof TypeId
  /** 200 to 599. */
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Content
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

/** One shape for all of them. */
class Response implements Http2ServerResponse {
  constructor(
    readonly status: number,
    readonly headers: Headers.Headers,
    readonly body: Content,
    readonly trailers: Effect.Effect<Headers.Headers, unknown> | undefined
  ) {}

  get [TypeId](): typeof TypeId {
    return TypeId
  }

  pipe() {
    // eslint-disable-next-line prefer-rest-params -- what `pipeArguments` takes
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
export const makeUnsafe = (
  status: number,
  headers: Headers.Headers,
  body: Content,
  trailers?: Effect.Effect<Headers.Headers, unknown>
): Http2ServerResponse => new Response(status, headers, body, trailers)

const plainText = new HeaderField("content-type", "text/plain; charset=utf-8")
const jsonText = new HeaderField("content-type", "application/json")

/**
 * A response. Where the body is text or octets, content-length is added if it is not there.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
 *
 * const notFound = Http2ServerResponse.make({ status: 404, headers: { "content-type": "text/plain" }, body: "No such thing" })
 */
export const make = (options: Options = {}): Http2ServerResponse => {
  const { headers, status = 200, trailers } = options
  const body = toContent(options.body)
  return new Response(status, toHeaders(headers, body, status !== 204), body, toTrailers(trailers))
}

/**
 * A response without a body; status 204 unless another is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (options?: Omit<Options, "body">): Http2ServerResponse =>
  make({ ...options, status: options?.status ?? 204 })

const withType = (type: HeaderField, text: string, options: Omit<Options, "body"> = {}): Http2ServerResponse => {
  const body = toContent(text)
  return new Response(
    options.status ?? 200,
    toHeaders(options.headers, body, true, type),
    body,
    toTrailers(options.trailers)
  )
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
export const jsonUnsafe = (value: unknown, options?: Omit<Options, "body">): Http2ServerResponse =>
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
): Effect.Effect<Http2ServerResponse, Cause.UnknownError> => Effect.try(() => jsonUnsafe(value, options))

/**
 * The response with another status.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setStatus: {
  (status: number): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, status: number): Http2ServerResponse
} = dual(
  2,
  ({ body, headers, trailers }: Http2ServerResponse, status: number): Http2ServerResponse =>
    new Response(status, headers, body, trailers)
)

/**
 * The response with these fields; those of the same names that it had are replaced.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setHeaders: {
  (headers: Headers.Input): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, headers: Headers.Input): Http2ServerResponse
} = dual(2, (self: Http2ServerResponse, input: Headers.Input): Http2ServerResponse => {
  const more = Headers.make(input)
  const kept = self.headers.fields.filter(({ name }) => !more.has(name))
  return new Response(self.status, new Headers.Headers([...kept, ...more.fields]), self.body, self.trailers)
})

/**
 * The response with this field in place of any of the same name.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setHeader: {
  (name: string, value: string): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, name: string, value: string): Http2ServerResponse
} = dual(3, (self: Http2ServerResponse, name: string, value: string): Http2ServerResponse =>
  setHeaders(self, [[name, value]])
)

/**
 * The response with these fields behind its body.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setTrailers: {
  (trailers: Trailers): (self: Http2ServerResponse) => Http2ServerResponse
  (self: Http2ServerResponse, trailers: Trailers): Http2ServerResponse
} = dual(
  2,
  ({ body, headers, status }: Http2ServerResponse, trailers: Trailers): Http2ServerResponse =>
    new Response(status, headers, body, toTrailers(trailers))
)
