/**
 * Responses that `node:http` gives, and the bodies that it is given. Called by http1Connection.ts.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Headers from "@effect/platform/Headers"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Http from "node:http"
import { fromSocketError } from "../socketError.js"
import type { Incoming } from "./message.js"

const tooLong = (limit: number, receivedBytes: number): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.CANCEL,
    origin: "User",
    reason: `the body is longer than ${limit} octets`,
    limit: "bytes",
    processed: "unknown",
    receivedBytes
  })

const toError = (error: unknown): Http2Error.Http2Error =>
  Http2Error.isHttp2Error(error) ? error : fromSocketError(error)

const collect = async (source: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let length = 0
  for await (const part of source) {
    parts.push(part)
    length += part.length
    if (length > limit) throw tooLong(limit, length)
  }
  return Buffer.concat(parts, length)
}

export class Http1Incoming implements Incoming {
  readonly protocol = "http/1.1"
  readonly remoteAddress: string | undefined
  private readonly isBodyless: boolean

  constructor(
    private readonly source: Http.IncomingMessage,
    isHead: boolean
  ) {
    this.remoteAddress = source.socket.remoteAddress
    const { headers, statusCode } = source
    this.isBodyless = isHead || statusCode === 204 || statusCode === 304 || headers["content-length"] === "0"
    // One that nobody hears would end the process.
    source.on("error", () => undefined)
  }

  get status(): number {
    return this.source.statusCode ?? 0
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.source.headers)
  }

  get setCookies(): ReadonlyArray<string> {
    return this.source.headers["set-cookie"] ?? []
  }

  takeBytes(): Uint8Array | undefined {
    if (!this.isBodyless) return undefined
    this.source.resume()
    return new Uint8Array()
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return Effect.tryPromise({ try: () => collect(this.octets, limit), catch: toError })
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return Stream.suspend(() => Stream.fromAsyncIterable(this.octets, toError))
  }

  /** Leaving its iterator early destroys the message. */
  private get octets(): AsyncIterable<Uint8Array> {
    return this.source
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    const { source } = this
    return Effect.async((resume) => {
      const settle = (): void => {
        resume(
          source.complete
            ? Effect.sync(() => Headers.fromInput(source.trailers))
            : Effect.fail(toError(source.errored ?? new Error("the connection was closed before the body ended")))
        )
      }
      if (source.complete || source.destroyed) return settle()
      source.once("end", settle)
      source.once("close", settle)
      return Effect.sync(() => {
        source.off("end", settle)
        source.off("close", settle)
      })
    })
  }
}

const drained = (request: Http.ClientRequest): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (request.destroyed || !request.writableNeedDrain) return resume(Effect.void)
    const done = (): void => {
      request.off("drain", done)
      request.off("close", done)
      resume(Effect.void)
    }
    request.on("drain", done)
    request.on("close", done)
    return Effect.sync(() => {
      request.off("drain", done)
      request.off("close", done)
    })
  })

/** Writes a Stream as the socket takes it, and ends the request. Fails with what the Stream fails with; interruption leaves the request open. */
export const writeStream = (
  request: Http.ClientRequest,
  body: Stream.Stream<Uint8Array, unknown>
): Effect.Effect<void, unknown> =>
  Effect.zipRight(
    Stream.runForEachChunk(body, (chunk) => {
      for (const octets of Chunk.toReadonlyArray(chunk)) if (octets.length > 0) request.write(octets)
      return request.writableNeedDrain ? drained(request) : Effect.void
    }),
    Effect.sync(() => {
      request.end()
    })
  )

/** What the request's own code did wrong. */
export const userFailure = (reason: string, cause: unknown): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason,
    processed: "unknown",
    cause
  })
