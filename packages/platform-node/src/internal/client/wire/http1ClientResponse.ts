/**
 * Responses that `node:http` gives, and the bodies that it is given.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as StreamRun from "@effect-http2/http2/StreamRun"
import * as Headers from "@effect/platform/Headers"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Http from "node:http"
import { failure, fromSocketError } from "@effect-http2/node/socket/socketError"
import { lengthError } from "./fields.js"
import type { IncomingResponse } from "./exchange.js"
import { fromReadable } from "../../stream/readable.js"

const tooLong = (limit: number, receivedOctets: number): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.CANCEL,
    origin: "User",
    reason: "Limit",
    description: `the body is longer than ${limit} octets`,
    limit: "bytes",
    processed: "unknown",
    receivedOctets
  })

const toError = (error: unknown): Http2Error.Http2Error =>
  Http2Error.isHttp2Error(error) ? error : fromSocketError(error)

/** Why a message that was not complete is over. */
const cutOff = (source: Http.IncomingMessage): Http2Error.Http2Error =>
  source.errored === null
    ? failure("Closed", "the connection was closed before the body ended")
    : toError(source.errored)

/** The whole body. Interruption, and a body beyond `limit`, destroy the message. */
const collect = (source: Http.IncomingMessage, limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> =>
  Effect.async((resume) => {
    const parts: Array<Uint8Array> = []
    let length = 0
    const onData = (part: Uint8Array): void => {
      parts.push(part)
      length += part.length
      if (length <= limit) return
      settle(Effect.fail(tooLong(limit, length)))
      source.destroy()
    }
    const onEnd = (): void => settle(Effect.sync(() => Buffer.concat(parts, length)))
    const onClose = (): void => settle(Effect.fail(cutOff(source)))
    const forget = (): void => {
      source.off("data", onData)
      source.off("end", onEnd)
      source.off("close", onClose)
    }
    const settle = (outcome: Effect.Effect<Uint8Array, Http2Error.Http2Error>): void => {
      forget()
      resume(outcome)
    }
    if (source.closed) return settle(Effect.fail(cutOff(source)))
    source.on("data", onData)
    source.on("end", onEnd)
    source.on("close", onClose)
    return Effect.sync(() => {
      forget()
      source.destroy()
    })
  })

export class Http1ClientResponse implements IncomingResponse {
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

  takeOctets(): Uint8Array | undefined {
    if (!this.isBodyless) return undefined
    this.source.resume()
    return new Uint8Array()
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return collect(this.source, limit)
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    const { source } = this
    return fromReadable(source, () => cutOff(source))
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    const { source } = this
    return Effect.async((resume) => {
      const settle = (): void => {
        resume(source.complete ? Effect.sync(() => Headers.fromInput(source.trailers)) : Effect.fail(cutOff(source)))
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

/**
 * Writes a Stream as the socket takes it, and ends the request. Fails, with the request still open, with what the Stream fails with, or where it is not as
 * long as `announced`: not an octet beyond that is written.
 */
export const writeStream = (
  request: Http.ClientRequest,
  body: Stream.Stream<Uint8Array, unknown>,
  announced: number | undefined
): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    let sent = 0
    const write = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, Http2Error.StreamError> => {
      const pieces = Chunk.toReadonlyArray(chunk)
      for (const { length } of pieces) sent += length
      if (announced !== undefined && sent > announced) return Effect.fail(lengthError(announced))
      for (const octets of pieces) if (octets.length > 0) request.write(octets)
      return request.writableNeedDrain ? drained(request) : Effect.void
    }
    const end = Effect.suspend(() => {
      if (announced !== undefined && sent < announced) return Effect.fail(lengthError(announced))
      request.end()
      return Effect.void
    })
    return Effect.zipRight(StreamRun.forEachChunk(body, write), end)
  })

/** What the request's own code did wrong. */
export const userFailure = (description: string, cause: unknown): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId: 0,
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason: "UserCode",
    description,
    processed: "unknown",
    cause
  })
