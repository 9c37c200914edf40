/**
 * A request of HTTP/2 and its response as the two objects of `node:http`, for middlewares that are written for those: what
 * `NodeHttpServerRequest.toIncomingMessage` and `toServerResponse` give. They are objects of `node:http` themselves, with the methods that touch the
 * socket replaced on each of them: Express sets their prototypes. Made by serverRequest.ts, once for a request, where somebody asks for them.
 */
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Headers from "@effect-http2/http2/Headers"
import { type Http2ServerResponse, unsafeMake } from "@effect-http2/http2/Http2ServerResponse"
import type * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Net from "node:net"
import { PassThrough } from "node:stream"
import {
  headersSentError,
  markClosed,
  markEnded,
  markErrored,
  markHeadSent
} from "@effect-http2/node/http1/nodeInternals"
import { BodyPump, toError } from "../stream/bodyPump.js"
import { fromReadable } from "../stream/readable.js"
import { fromNode, withoutLength } from "@effect-http2/node/message/responseFields"

/** What stands for the socket: who is at its ends, and that it can be destroyed, which resets the stream. */
class RequestSocket extends Net.Socket {
  readonly encrypted: boolean

  constructor(
    { peer: { local, remote, tls } }: Http2ServerRequest.Http2ServerRequest,
    private readonly onDestroyed: () => void
  ) {
    super()
    this.encrypted = tls !== undefined
    // The peer of a unix socket has no address.
    const remoteAddress = remote?.port === undefined ? undefined : remote.host
    const known = {
      remoteAddress,
      remotePort: remote?.port,
      remoteFamily: remoteAddress === undefined ? undefined : Net.isIPv6(remoteAddress) ? "IPv6" : "IPv4",
      localAddress: local?.host,
      localPort: local?.port
    }
    for (const [name, value] of Object.entries(known)) Object.defineProperty(this, name, { configurable: true, value })
    // What it is destroyed with is told to the two messages.
    this.on("error", () => {})
  }

  /** Streams that stand still are the engine's to see to. */
  override setTimeout(_timeout: number, _callback?: () => void): this {
    return this
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: (error?: Error | null) => void): void {
    callback(new Error("a request of HTTP/2 has no socket of its own to write to: write to its response"))
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.onDestroyed()
    callback(error)
  }
}

/** What the two messages are made from. */
export interface Source {
  readonly http2: Http2ServerRequest.Http2ServerRequest
  readonly method: string
  readonly url: string
  readonly headers: Headers.Headers
  readonly body: Stream.Stream<Uint8Array, unknown>
}

export interface NodeMessages {
  readonly message: Http.IncomingMessage
  readonly response: Http.ServerResponse
  /** Whether something was sent by way of `response` that has not come to its end. */
  readonly isBusy: () => boolean
  /** Completes once `response` is over. */
  readonly over: Effect.Effect<void>
  /** Nobody will go on with the response. */
  readonly abandon: Effect.Effect<void>
}

type Callback = (error?: Error | null) => void
type Fields = Http.OutgoingHttpHeaders | Array<Http.OutgoingHttpHeader>

/** The type says string; `set-cookie` is a list. */
const valuesOf = (value: unknown): Array<string> => (Array.isArray(value) ? value.map(String) : [String(value)])

const rawHeaders = (headers: Headers.Headers): Array<string> =>
  Object.entries(headers).flatMap(([name, value]) => valuesOf(value).flatMap((each) => [name, each]))

const makeMessage = ({ body, headers, http2, method, url }: Source, socket: RequestSocket): Http.IncomingMessage => {
  const message = new Http.IncomingMessage(socket)
  message.method = method
  message.url = url
  message.httpVersion = "2.0"
  message.httpVersionMajor = 2
  message.httpVersionMinor = 0
  message.headers = { ...headers }
  message.rawHeaders = rawHeaders(headers)
  message.headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, valuesOf(value)]))
  const pump = new BodyPump(message, (effect) => Effect.runFork(effect))
  const end = Effect.map(http2.trailers, (trailers) => {
    for (const { name, value } of trailers.fields) message.trailers[name] = value
    message.complete = true
  })
  const whole = Stream.concat(body, Stream.drain(Stream.fromEffect(end)))
  return Object.assign(message, {
    _read: () => pump.read(whole),
    _destroy: (error: Error | null, callback: Callback) => {
      pump.stop()
      if (!message.complete && !message.aborted) {
        message.aborted = true
        message.emit("aborted")
        socket.destroy()
      }
      // As that of `node:http`: an error that nobody listens for is none.
      process.nextTick(callback, message.listenerCount("error") === 0 ? null : error)
    }
  })
}

const toBuffer = (chunk: unknown, encoding: BufferEncoding): Buffer => {
  if (typeof chunk === "string") return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError(`a chunk of a response is a string, a Buffer or a Uint8Array, and not ${typeof chunk}`)
}

/** `write` and `end` take a callback in the place of what comes before it. */
const parameters = (encoding: unknown, callback: unknown): readonly [BufferEncoding, Callback | undefined] => [
  typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8",
  [encoding, callback].find((u): u is Callback => typeof u === "function")
]

class ResponseWriter {
  readonly response: Http.ServerResponse
  /** What was written, on its way to the stream; undefined until the head is sent without all of the body. */
  private body: PassThrough | undefined = undefined
  private trailers: Http.OutgoingHttpHeaders = {}
  private isOver = false

  constructor(
    private readonly http2: Http2ServerRequest.Http2ServerRequest,
    message: Http.IncomingMessage,
    private readonly socket: RequestSocket
  ) {
    const response = new Http.ServerResponse(message)
    this.response = response
    Reflect.set(response, "socket", socket)
    Object.assign(response, {
      writeHead: (status: number, reason?: string | Fields, headers?: Fields) =>
        this.writeHead(status, reason, headers),
      write: (chunk: unknown, encoding?: unknown, callback?: unknown) =>
        this.write(chunk, ...parameters(encoding, callback)),
      end: (chunk?: unknown, encoding?: unknown, callback?: unknown) => this.end(chunk, encoding, callback),
      flushHeaders: () => {
        this.implyHead()
        if (!this.response.writableEnded) this.begin()
      },
      addTrailers: (headers: Http.OutgoingHttpHeaders) => {
        this.trailers = { ...this.trailers, ...headers }
      },
      writeContinue: (callback?: Callback) => this.inform(100, {}, callback),
      writeProcessing: () => this.inform(102, {}, undefined),
      writeEarlyHints: (hints: Record<string, unknown>, callback?: Callback) => this.inform(103, hints, callback),
      destroy: (error?: Error) => {
        this.close(error)
        return response
      },
      setTimeout: () => response
    })
    const getters: Record<string, () => unknown> = {
      writableFinished: () => this.response.writableEnded && (this.body?.writableFinished ?? true),
      writableLength: () => this.body?.writableLength ?? 0,
      writableNeedDrain: () => this.body?.writableNeedDrain ?? false
    }
    for (const [name, get] of Object.entries(getters))
      Object.defineProperty(response, name, { configurable: true, get })
  }

  get isBusy(): boolean {
    return this.response.headersSent && !this.isOver
  }

  private implyHead(): void {
    if (!this.response.headersSent) this.response.writeHead(this.response.statusCode)
  }

  private writeHead(status: number, reason?: string | Fields, headers?: Fields): Http.ServerResponse {
    const { response } = this
    if (response.headersSent) {
      throw headersSentError()
    }
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw Object.assign(new RangeError(`Invalid status code: ${status}`), { code: "ERR_HTTP_INVALID_STATUS_CODE" })
    }
    if (typeof reason === "string") response.statusMessage = reason
    const fields = typeof reason === "string" ? headers : (headers ?? reason)
    if (Array.isArray(fields)) {
      for (let i = 0; i + 1 < fields.length; i += 2) response.appendHeader(String(fields[i]), String(fields[i + 1]))
    } else if (fields !== undefined) {
      for (const [name, value] of Object.entries(fields)) if (value !== undefined) response.setHeader(name, value)
    }
    response.statusCode = status
    markHeadSent(response)
    return response
  }

  private get isBodyless(): boolean {
    const { req, statusCode } = this.response
    return req.method === "HEAD" || statusCode === 204 || statusCode === 304
  }

  private head(body: Http2ServerResponse["body"], contentLength: number | undefined): Http2ServerResponse {
    const { response } = this
    const headers = fromNode({ ...response.getHeaders() }, contentLength)
    return unsafeMake(
      response.statusCode,
      response.statusCode === 204 ? withoutLength(headers) : headers,
      body,
      response.hasHeader("trailer")
        ? Effect.sync(() => Http2Headers.make(fromNode(this.trailers, undefined)))
        : undefined
    )
  }

  /** The head goes out, the body follows as it is written. */
  private begin(): PassThrough {
    if (this.body !== undefined) return this.body
    const body = new PassThrough()
    this.body = body
    body.on("drain", () => this.response.emit("drain"))
    body.on("error", () => {})
    if (this.isBodyless) body.resume()
    const octets = fromReadable(body, () => body.errored ?? new Error("the response was closed before its end"))
    this.send(this.head(this.isBodyless ? undefined : octets, undefined))
    return body
  }

  private send(response: Http2ServerResponse): void {
    Effect.runFork(this.http2.respond(response)).addObserver((exit) => {
      if (Exit.isFailure(exit)) this.close(toError(exit.cause))
      // A head that is all of the response leaves before it is ended.
      else if (this.response.writableEnded) this.finish()
      else this.body?.once("finish", () => this.finish())
    })
  }

  private write(chunk: unknown, encoding: BufferEncoding, callback: Callback | undefined): boolean {
    const octets = toBuffer(chunk, encoding)
    if (this.response.writableEnded || this.response.destroyed) {
      const error = Object.assign(new Error("write after end"), { code: "ERR_STREAM_WRITE_AFTER_END" })
      process.nextTick(() => {
        callback?.(error)
        if (!this.response.destroyed && this.response.listenerCount("error") > 0) this.response.emit("error", error)
      })
      return false
    }
    this.implyHead()
    return this.begin().write(octets, callback)
  }

  private end(first: unknown, second: unknown, third: unknown): Http.ServerResponse {
    const { response } = this
    const chunk = typeof first === "function" ? undefined : first
    const [encoding, callback] = parameters(second, typeof first === "function" ? first : third)
    if (response.writableEnded || response.destroyed) {
      if (callback !== undefined) process.nextTick(callback, null)
      return response
    }
    if (callback !== undefined) response.once("finish", callback)
    const octets = chunk === undefined || chunk === null ? Buffer.alloc(0) : toBuffer(chunk, encoding)
    this.implyHead()
    markEnded(response)
    if (this.body !== undefined) {
      this.body.end(octets)
      return response
    }
    // Content that a response to HEAD does not have is still of a length (RFC 9110 §8.6).
    const length = this.isBodyless && octets.length === 0 ? undefined : octets.length
    this.send(this.head(this.isBodyless ? undefined : octets, length))
    return response
  }

  private inform(status: number, hints: Record<string, unknown>, callback: Callback | undefined): void {
    Effect.runFork(this.http2.informational(status, fromNode(hints, undefined))).addObserver((exit) =>
      callback?.(Exit.isSuccess(exit) ? null : toError(exit.cause))
    )
  }

  private finish(): void {
    if (this.isOver) return
    this.response.emit("finish")
    this.conclude()
  }

  /** Where it did not come to its end: the stream is reset, so that nobody takes it for whole. */
  close(error?: Error): void {
    if (this.isOver) return
    if (error !== undefined) markErrored(this.response, error)
    this.conclude()
    this.body?.destroy()
    this.socket.destroy()
    if (error !== undefined && this.response.listenerCount("error") > 0) this.response.emit("error", error)
  }

  private conclude(): void {
    this.isOver = true
    markClosed(this.response)
    process.nextTick(() => this.response.emit("close"))
  }
}

export const make = (source: Source): NodeMessages => {
  const { http2 } = source
  const socket = new RequestSocket(http2, () => {
    writer.close()
    Effect.runSync(http2.stream.reset())
  })
  const message = makeMessage(source, socket)
  const writer = new ResponseWriter(http2, message, socket)
  const { response } = writer
  return {
    message,
    response,
    isBusy: () => writer.isBusy,
    over: Effect.async((resume) => {
      if (!writer.isBusy) return resume(Effect.void)
      response.once("close", () => resume(Effect.void))
    }),
    abandon: Effect.sync(() => {
      if (!writer.isBusy) return
      writer.close()
      message.destroy()
    })
  }
}
