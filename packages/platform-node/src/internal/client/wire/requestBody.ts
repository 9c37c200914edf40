/**
 * The bodies of platform requests as what a connection can send: octets, or a Stream of them.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as StreamRun from "@effect-http2/http2/StreamRun"
import { type Body, type BodySource, type BodyWriter, type Cancel, noBody } from "@effect-http2/node/client/exchange"
import { userFailure } from "@effect-http2/node/client/http1Request"
import * as Raw from "@effect-http2/node/client/rawBody"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { fromAsyncIterable, fromIterable, fromReadable, fromWeb } from "../../stream/readable.js"
import type { Fork } from "./forked.js"

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

/** A Stream as a body. */
export class StreamBody implements BodySource {
  readonly stream: Octets

  constructor(
    stream: Octets,
    private readonly fork: Fork,
    /** What the fiber of the request has, where that is known: its context, its span, its loggers. */
    fiberRefs: FiberRefs.FiberRefs | undefined
  ) {
    const content = keepDefects(stream)
    this.stream = fiberRefs === undefined ? content : Stream.unwrap(Effect.as(Effect.setFiberRefs(fiberRefs), content))
  }

  /** To HTTP/1.1; a connection of HTTP/2 takes the Stream as it is. */
  writeTo(writer: BodyWriter): Cancel {
    const fiber = this.fork(
      Effect.matchCause(write(this.stream, writer), {
        onSuccess: () => undefined,
        onFailure: (cause) => {
          const reason = Cause.isInterruptedOnly(cause) ? "interrupted itself" : "failed"
          const error = Cause.squash(cause)
          writer.fail(Http2Error.isHttp2Error(error) ? error : userFailure(`the body of the request ${reason}`, error))
        }
      })
    )
    return () => fiber.unsafeInterruptAsFork(FiberId.none)
  }
}

const orFail = (error: Http2Error.StreamError | undefined): Effect.Effect<void, Http2Error.StreamError> =>
  error === undefined ? Effect.void : Effect.fail(error)

const awaitRoom = (writer: BodyWriter): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (!writer.isFull) return resume(Effect.void)
    return Effect.sync(writer.onRoom(() => resume(Effect.void)))
  })

const write = (body: Octets, writer: BodyWriter): Effect.Effect<void, unknown> =>
  Effect.zipRight(
    StreamRun.forEachChunk(body, (chunk) => {
      const error = writer.write(Chunk.toReadonlyArray(chunk))
      return error === undefined && writer.isFull ? awaitRoom(writer) : orFail(error)
    }),
    Effect.suspend(() => orFail(writer.end()))
  )

/** Left before its end, the source is destroyed or cancelled. */
const streamOf = (raw: Exclude<Raw.RawBody, { readonly _tag: "None" | "Octets" }>): Octets => {
  switch (raw._tag) {
    case "Readable": {
      const { source } = raw
      return fromReadable(source, () => source.errored ?? new Error("the Readable was destroyed before its end"))
    }
    case "Web":
      return Stream.suspend(() => fromWeb(raw.open()))
    case "AsyncIterable":
      return fromAsyncIterable(raw.source)
    case "Iterable":
      return fromIterable(raw.source)
  }
}

const fromRaw = (raw: Raw.RawBody, fork: Fork, fiberRefs: FiberRefs.FiberRefs | undefined): Body => {
  switch (raw._tag) {
    case "None":
      return noBody
    case "Octets":
      return { content: raw.octets, contentType: raw.contentType, contentLength: raw.octets.length }
    default: {
      const { contentLength, contentType } = raw._tag === "Web" ? raw : noBody
      return { content: new StreamBody(streamOf(raw), fork, fiberRefs), contentType, contentLength }
    }
  }
}

/** A usage error for a raw body that nothing can be made of. */
export const toBody = (
  body: HttpBody.HttpBody,
  fork: Fork,
  fiberRefs: FiberRefs.FiberRefs | undefined
): Body | Http2Error.StreamError => {
  switch (body._tag) {
    case "Empty":
      return noBody
    case "Uint8Array":
      return { content: body.body, contentType: body.contentType, contentLength: body.body.length }
    case "Stream": {
      const { contentLength, contentType, stream } = body
      return { content: new StreamBody(stream, fork, fiberRefs), contentType, contentLength }
    }
    case "FormData":
      return fromRaw(Raw.fromFormData(body.formData), fork, fiberRefs)
    case "Raw": {
      const raw = Raw.fromRaw(body.body)
      return Http2Error.isStreamError(raw) ? raw : fromRaw(raw, fork, fiberRefs)
    }
  }
}

/** Whether the body can be sent a second time. */
export const isReplayable = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Raw" ? Raw.isReplayable(body.body) : body._tag !== "Stream"

/** A body that was given as a stream of others and will not be sent, or not to its end: its source is destroyed or cancelled, once. */
export const dispose = (body: HttpBody.HttpBody): void => {
  if (body._tag === "Raw") Raw.dispose(body.body)
}
