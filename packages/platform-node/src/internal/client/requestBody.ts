/**
 * The bodies of platform requests as what a connection can send: octets, or a Stream of them. Called by execute.ts, for each attempt.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import type * as FiberRefs from "effect/FiberRefs"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"

type Octets = Stream.Stream<Uint8Array, unknown>

export class Body {
  constructor(
    readonly content: Uint8Array | Octets | undefined,
    /** Fields that follow from the body; those that the request has stand before them. */
    readonly contentType: string | undefined,
    readonly contentLength: number | undefined
  ) {}

  /** A Stream that runs with what the request's fiber has: its context, its span, its loggers. */
  inheriting(fiberRefs: FiberRefs.FiberRefs): Body {
    const { content } = this
    if (content === undefined || content instanceof Uint8Array) return this
    const inheriting = Stream.unwrap(Effect.as(Effect.setFiberRefs(fiberRefs), content))
    return new Body(inheriting, this.contentType, this.contentLength)
  }
}

const none = new Body(undefined, undefined, undefined)

const octets = (content: Uint8Array, contentType?: string): Body => new Body(content, contentType, content.length)

const stream = (content: Octets, contentType?: string, contentLength?: number): Body =>
  new Body(content, contentType, contentLength)

/** What a stream of others yields: octets, or strings. */
const toOctets = (chunk: unknown): Effect.Effect<Uint8Array, Http2Error.StreamError> =>
  chunk instanceof Uint8Array
    ? Effect.succeed(chunk)
    : typeof chunk === "string"
      ? Effect.succeed(Buffer.from(chunk))
      : Effect.fail(Http2Error.usageError(0, undefined, "the body yields something that is neither octets nor text"))

const fromAsyncIterable = (iterable: AsyncIterable<unknown>): Stream.Stream<Uint8Array, unknown> =>
  Stream.mapEffect(
    Stream.fromAsyncIterable(iterable, (error) => error),
    toOctets
  )

/** The iterator of a ReadableStream cancels it when it is left early. */
const fromWeb = (readable: ReadableStream): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => fromAsyncIterable(readable))

const isAsyncIterable = (u: object): u is AsyncIterable<unknown> => Symbol.asyncIterator in u
const isIterable = (u: object): u is Iterable<unknown> => Symbol.iterator in u

const fromFormData = (formData: FormData): Body => {
  // The encoder of the platform: it chooses the boundary, and reads files as they are sent.
  const response = new Response(formData)
  const type = response.headers.get("content-type") ?? undefined
  return response.body === null ? none : stream(fromWeb(response.body), type)
}

const fromObject = (body: object): Body | Http2Error.StreamError => {
  if (body instanceof Uint8Array) return octets(body)
  if (ArrayBuffer.isView(body)) return octets(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  if (body instanceof ArrayBuffer) return octets(new Uint8Array(body))
  if (body instanceof Blob)
    return stream(
      Stream.suspend(() => fromWeb(body.stream())),
      body.type || undefined,
      body.size
    )
  if (body instanceof FormData) return fromFormData(body)
  if (body instanceof URLSearchParams) {
    return octets(Buffer.from(body.toString()), "application/x-www-form-urlencoded;charset=UTF-8")
  }
  if (body instanceof Response)
    return body.body === null ? none : stream(fromWeb(body.body), body.headers.get("content-type") ?? undefined)
  if (body instanceof Readable) return stream(fromAsyncIterable(body))
  if (isAsyncIterable(body)) return stream(fromAsyncIterable(body))
  if (isIterable(body)) return stream(Stream.mapEffect(Stream.fromIterable(body), toOctets))
  return Http2Error.usageError(0, undefined, `a body of ${Object.prototype.toString.call(body)} cannot be sent`)
}

const fromRaw = (body: unknown): Body | Http2Error.StreamError => {
  if (body === undefined || body === null) return none
  if (typeof body === "string") return octets(Buffer.from(body))
  return typeof body === "object"
    ? fromObject(body)
    : Http2Error.usageError(0, undefined, `a body of type ${typeof body} cannot be sent`)
}

/** A usage error for a raw body that nothing can be made of. */
export const toBody = (body: HttpBody.HttpBody): Body | Http2Error.StreamError => {
  switch (body._tag) {
    case "Empty":
      return none
    case "Uint8Array":
      return octets(body.body, body.contentType)
    case "Raw":
      return fromRaw(body.body)
    case "FormData":
      return fromFormData(body.formData)
    case "Stream":
      return stream(body.stream, body.contentType, body.contentLength)
  }
}

/** Whether the body can be sent a second time. */
export const isReplayable = (body: HttpBody.HttpBody): boolean => {
  if (body._tag !== "Raw") return body._tag !== "Stream"
  const raw = body.body
  return (
    raw === undefined ||
    raw === null ||
    typeof raw === "string" ||
    ArrayBuffer.isView(raw) ||
    raw instanceof ArrayBuffer ||
    raw instanceof Blob ||
    raw instanceof FormData ||
    raw instanceof URLSearchParams
  )
}
