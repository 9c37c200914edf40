/**
 * The bodies of requests as what a connection can send: octets, or a Stream of them, which runs with what the fiber of the request has.
 */
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import { type Body, type BodySource, type BodyWriter, type Cancel, noBody } from "@effect-http2/node/client/exchange"
import { userFailure } from "@effect-http2/node/client/http1Request"
import * as Raw from "@effect-http2/node/client/rawBody"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as HttpBody from "effect/http/HttpBody"
import * as Stream from "effect/Stream"

type Octets = Stream.Stream<Uint8Array, unknown>

/** What a body died of. It goes through the connection as a failure, and is a defect again where the request ends. */
export class Defect {
  constructor(readonly cause: Cause.Cause<never>) {}
}

const defectsOf = (cause: Cause.Cause<unknown>): Cause.Cause<never> =>
  Cause.fromReasons(cause.reasons.filter(Cause.isDieReason))

/** A defect in the Stream is no failure of the request: it stays one. */
const keepDefects = (content: Octets): Octets =>
  Stream.catchCause(content, (cause) =>
    Cause.hasDies(cause) ? Stream.fail(new Defect(defectsOf(cause))) : Stream.failCause(cause)
  )

/** A Stream as a body. */
export class StreamBody implements BodySource {
  readonly stream: Octets

  constructor(
    stream: Octets,
    private readonly context: Context.Context<never>
  ) {
    this.stream = keepDefects(Stream.provideContext(stream, context))
  }

  /** To HTTP/1.1; a connection of HTTP/2 takes the Stream as it is. */
  writeTo(writer: BodyWriter): Cancel {
    const fiber = Effect.runForkWith(this.context)(
      Effect.matchCause(write(this.stream, writer), {
        onSuccess: () => undefined,
        onFailure: (cause) => {
          const reason = Cause.hasInterruptsOnly(cause) ? "interrupted itself" : "failed"
          const error = Cause.squash(cause)
          writer.fail(Http2Error.isHttp2Error(error) ? error : userFailure(`the body of the request ${reason}`, error))
        }
      })
    )
    return () => fiber.interruptUnsafe()
  }
}

const orFail = (error: Http2Error.StreamError | undefined): Effect.Effect<void, Http2Error.StreamError> =>
  error === undefined ? Effect.void : Effect.fail(error)

const awaitRoom = (writer: BodyWriter): Effect.Effect<void> =>
  Effect.callback((resume) =>
    writer.isFull ? Effect.sync(writer.onRoom(() => resume(Effect.void))) : resume(Effect.void)
  )

const write = (body: Octets, writer: BodyWriter): Effect.Effect<void, unknown> =>
  Effect.andThen(
    Stream.runForEachArray(body, (pieces) => {
      const error = writer.write(pieces)
      return error === undefined && writer.isFull ? awaitRoom(writer) : orFail(error)
    }),
    Effect.suspend(() => orFail(writer.end()))
  )

/** What a source yields has to be octets or text. */
const toOctets = (pieces: Stream.Stream<unknown, unknown>): Octets =>
  Stream.mapEffect(pieces, (piece) =>
    piece instanceof Uint8Array
      ? Effect.succeed<Uint8Array>(piece)
      : typeof piece === "string"
        ? Effect.succeed<Uint8Array>(Buffer.from(piece))
        : Effect.fail(Http2Error.usageError(0, undefined, "the body yields something that is neither octets nor text"))
  )

/** Fails with what the source fails with. Left before its end, the source is destroyed or cancelled. */
const streamOf = (raw: Exclude<Raw.RawBody, { readonly _tag: "None" | "Octets" }>): Octets => {
  switch (raw._tag) {
    case "Readable":
      return toOctets(NodeStream.fromReadable<unknown, unknown>({ evaluate: () => raw.source, onError: identity }))
    case "Web":
      return Stream.suspend(() => {
        const source = raw.open()
        return source.locked
          ? Stream.fail(new TypeError("the ReadableStream is locked"))
          : toOctets(Stream.fromReadableStream({ evaluate: () => source, onError: identity }))
      })
    case "AsyncIterable":
      return toOctets(Stream.fromAsyncIterable(raw.source, identity))
    case "Iterable":
      return toOctets(Stream.fromIterable(raw.source))
  }
}

/** A usage error for a raw body that nothing can be made of. */
export const toBody = (body: HttpBody.HttpBody, context: Context.Context<never>): Body | Http2Error.StreamError => {
  switch (body._tag) {
    case "Empty":
      return noBody
    case "Uint8Array":
      return { content: body.body, contentType: body.contentType, contentLength: body.body.length }
    case "Stream":
      return {
        content: new StreamBody(body.stream, context),
        contentType: body.contentType,
        contentLength: body.contentLength
      }
    case "FormData":
      return fromRaw(Raw.fromFormData(body.formData), body, context)
    case "Raw": {
      const raw = Raw.fromRaw(body.body)
      return Http2Error.isStreamError(raw) ? raw : fromRaw(raw, body, context)
    }
  }
}

/** What the user said of a raw body stands before what it says of itself. */
const fromRaw = (raw: Raw.RawBody, said: HttpBody.Raw | HttpBody.FormData, context: Context.Context<never>): Body => {
  if (raw._tag === "None") return noBody
  const { contentLength, contentType } = said
  if (raw._tag === "Octets") {
    return { content: raw.octets, contentType: contentType ?? raw.contentType, contentLength: raw.octets.length }
  }
  const known = raw._tag === "Web" ? raw : undefined
  return {
    content: new StreamBody(streamOf(raw), context),
    contentType: contentType ?? known?.contentType,
    contentLength: contentLength ?? known?.contentLength
  }
}

/** Whether the body can be sent a second time. */
export const isReplayable = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Raw" ? Raw.isReplayable(body.body) : body._tag !== "Stream"

/** A body that was given as a stream of others and will not be sent, or not to its end: its source is destroyed or cancelled, once. */
export const dispose = (body: HttpBody.HttpBody): void => {
  if (body._tag === "Raw") Raw.dispose(body.body)
}
