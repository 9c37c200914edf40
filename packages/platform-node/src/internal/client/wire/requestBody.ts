/**
 * The bodies of platform requests as what a connection can send: octets, or a Stream of them.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { ReadableStream } from "node:stream/web"
import { fromAsyncIterable, fromIterable, fromReadable, fromWeb } from "../../stream/readable.js"

type Octets = Stream.Stream<Uint8Array, unknown>

/** What a body died of. It goes through the connection as a failure, and is a defect again where the request ends. */
export class Defect {
  constructor(readonly cause: Cause.Cause<never>) {}
}

/** A defect in the Stream is no failure of the request: it stays one. */
const keepDefects = (content: Octets): Octets =>
  Stream.mapErrorCause(content, (cause) => {
    const defects = Cause.keepDefects(cause)
    return Option.isSome(defects) ? Cause.fail(new Defect(defects.value)) : cause
  })

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

export const none = new Body(undefined, undefined, undefined)

const octets = (content: Uint8Array, contentType?: string): Body => new Body(content, contentType, content.length)

const stream = (content: Octets, contentType?: string, contentLength?: number): Body =>
  new Body(keepDefects(content), contentType, contentLength)

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
  if (body instanceof Readable)
    return stream(fromReadable(body, () => body.errored ?? new Error("the Readable was destroyed before its end")))
  if (body instanceof ReadableStream) return stream(fromWeb(body))
  if (isAsyncIterable(body)) return stream(fromAsyncIterable(body))
  if (isIterable(body)) return stream(fromIterable(body))
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

/** A body that was given as a stream of others and will not be sent, or not to its end: its source is destroyed or cancelled, once. */
export const dispose = (body: HttpBody.HttpBody): void => {
  if (body._tag !== "Raw") return
  const source = body.body instanceof Response ? body.body.body : body.body
  if (source instanceof Readable) {
    source.on("error", () => undefined)
    source.destroy()
  } else if (source instanceof ReadableStream && !source.locked) {
    // One that is locked is cancelled by its reader.
    source.cancel().catch(() => undefined)
  }
}
