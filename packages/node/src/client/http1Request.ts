/**
 * One request over HTTP/1.1 and its response, as `node:http` makes them, and what a server may do to them: whatever comes, the exchange hears of it once, and a
 * socket whose server does not keep to the protocol or the limits is destroyed. Made by http1Connections.ts.
 */
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Http2Error from "@effect-http2/engine/Http2Error"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import { isHeaderOverflow } from "../http1/nodeInternals.js"
import { failure, fromSocketError } from "../socket/socketError.js"
import type { BodyWriter, Cancel, Exchange, SentRequest } from "./exchange.js"
import { announcedOctets, lengthError, toHttp1 } from "./fields.js"
import { exceeded, type Http1Limits, malformed, maxInformational, overflow } from "./http1Limits.js"
import { Http1Response } from "./http1Response.js"
import type { Watched } from "./http1Watch.js"

/** What a request needs to know of its origin. */
export interface RequestConfig<Response> {
  readonly agent: Http.Agent
  readonly limits: Http1Limits
  readonly now: () => number
  /** Requests go in absolute form, with these fields, to a proxy that answers for the origin. */
  readonly proxyHeaders: Readonly<Record<string, string>> | undefined
  /** A server has gone beyond a limit. */
  readonly onExceeded: () => void
  /** The response as its reader gets it. */
  readonly toResponse: (response: Http1Response) => Response
}

/** Methods whose repetition does no harm (RFC 9110 §9.2.2). */
const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])

const switched = "the server switches protocols (101), which nobody asked for"

/** What the parser of `node:http` lets pass, and is no response that can be understood (RFC 9112 §2.3, §4, §6.1). */
const faultOf = ({ headers, httpVersionMajor, statusCode = 0 }: Http.IncomingMessage): string | undefined => {
  if (httpVersionMajor !== 1) return `the server answers in HTTP/${httpVersionMajor}, on a connection of HTTP/1.1`
  if (statusCode === 101) return switched
  if (statusCode < 100) return `${statusCode} is not a status`
  const codings = headers["transfer-encoding"]?.toLowerCase().split(",") ?? []
  const isChunkedEarly = codings.slice(0, -1).some((coding) => coding.trim() === "chunked")
  return isChunkedEarly ? "transfer-encoding has chunked before its end" : undefined
}

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

export class Http1Request<Response> implements SentRequest, Watched, BodyWriter {
  private readonly request: Http.ClientRequest
  private stopBody: Cancel | undefined = undefined
  private response: Http.IncomingMessage | undefined = undefined
  private isAnswered = false
  /** Nothing more will be sent. */
  private isOver = false
  private informational = 0
  /** Octets of the body that were written, and those that were announced. */
  private sent = 0
  private readonly announced: number | undefined
  /** Octets that the socket had received before the head, or the piece of a body, that is due. */
  private received = 0
  /** Since when that has begun, or has stood; infinity where neither. */
  private since = Number.POSITIVE_INFINITY

  constructor(
    private readonly exchange: Exchange<Response>,
    private readonly config: RequestConfig<Response>,
    onDone: (request: Http1Request<Response>) => void
  ) {
    const { body, target } = exchange
    const { agent, limits, proxyHeaders } = config
    this.announced = announcedOctets(exchange)
    this.request = Http.request({
      agent,
      method: exchange.method,
      path: proxyHeaders === undefined ? target.path : `${target.origin.key}${target.path}`,
      host: target.origin.host,
      port: target.origin.port,
      setHost: false,
      maxHeaderSize: limits.maxHeaderSize,
      insecureHTTPParser: false,
      headers: { ...toHttp1(exchange), ...proxyHeaders }
    })
    // Bound by their octets; beyond a number, Node would leave fields out without a word.
    this.request.maxHeadersCount = 0
    this.request.on("socket", ({ bytesRead }) => {
      this.received = bytesRead
    })
    this.request.on("information", (information) => this.onInformation(information))
    this.request.on("upgrade", (response, socket, head) => this.onUpgrade(response, socket, head))
    this.request.on("response", (response) => this.onResponse(response))
    this.request.on("error", (error) => this.onError(error))
    this.request.on("close", () => {
      this.isOver = true
      this.stopBody?.()
      this.failed(failure("Closed", "the connection was closed before a response came"))
      // The agent gets its socket back behind this event.
      process.nextTick(onDone, this)
    })
    if (body.content === undefined || body.content instanceof Uint8Array) this.request.end(body.content)
    else this.stopBody = body.content.writeTo(this)
  }

  // ------------------------------------------------------------------ the body

  write(pieces: ReadonlyArray<Uint8Array>): Http2Error.StreamError | undefined {
    const { announced, request } = this
    for (const { length } of pieces) this.sent += length
    if (announced !== undefined && this.sent > announced) return lengthError(announced)
    for (const octets of pieces) if (octets.length > 0) request.write(octets)
    return undefined
  }

  get isFull(): boolean {
    return this.request.writableNeedDrain && !this.request.destroyed
  }

  onRoom(listener: () => void): Cancel {
    const { request } = this
    const stop = (): void => {
      request.off("drain", done)
      request.off("close", done)
    }
    const done = (): void => {
      stop()
      listener()
    }
    request.on("drain", done)
    request.on("close", done)
    return stop
  }

  end(): Http2Error.StreamError | undefined {
    const { announced } = this
    if (announced !== undefined && this.sent < announced) return lengthError(announced)
    this.request.end()
    return undefined
  }

  fail(error: Http2Error.Http2Error): void {
    if (!this.isOver) this.abort(error)
  }

  // ------------------------------------------------------------------ the response

  private get octets(): number {
    return this.request.socket?.bytesRead ?? this.received
  }

  private onInformation({ headers, statusCode }: Http.InformationEvent): void {
    // Of what one read has brought, the rest is parsed behind an abort, too.
    if (this.isAnswered) return
    this.informational++
    this.received = this.octets
    this.since = Number.POSITIVE_INFINITY
    if (this.informational > maxInformational) {
      return this.exceeded(exceeded("informational responses without end", undefined))
    }
    const { onInformational } = this.exchange
    if (onInformational === undefined) return
    try {
      onInformational({ status: statusCode, headers: joined(headers) })
    } catch (cause) {
      // As over HTTP/2: what the callback throws is the end of the request, and of nothing else.
      this.abort(userFailure("onInformational has thrown", cause))
    }
  }

  private onUpgrade(response: Http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const { config, exchange } = this
    if (this.isAnswered || exchange.onUpgrade === undefined) {
      socket.destroy()
      return this.abort(malformed(switched))
    }
    this.isAnswered = true
    if (head.length > 0) socket.unshift(head)
    exchange.onUpgrade(config.toResponse(new Http1Response(response, true)), socket)
  }

  private onResponse(response: Http.IncomingMessage): void {
    this.response = response
    const incoming = new Http1Response(response, this.exchange.method === "HEAD")
    if (this.isAnswered) return
    const fault = faultOf(response)
    if (fault !== undefined) return this.abort(malformed(fault))
    this.isAnswered = true
    this.received = this.octets
    this.since = this.config.now()
    this.exchange.onResponse(this.config.toResponse(incoming))
  }

  private onError(error: Error): void {
    const { config, response } = this
    const isTooLarge = isHeaderOverflow(error)
    if (isTooLarge) config.onExceeded()
    const reason = isTooLarge
      ? overflow(config.limits, error)
      : Http2Error.isHttp2Error(error)
        ? error
        : fromSocketError(error)
    this.failed(reason)
    // The reader of a body hears what was wrong with it, and not only that it is over.
    if (response?.complete === false) response.destroy(reason)
  }

  /** Called while the exchange lasts: a head that has begun has to end, and a body that somebody waits for has to go on. */
  look(now: number): void {
    const { octets, response } = this
    const { bodyTimeout, headersTimeout } = this.config.limits
    const hasMoved = octets !== this.received
    if (response === undefined) {
      if (!hasMoved) return
      this.since = Math.min(this.since, now)
      if (now - this.since >= headersTimeout)
        this.exceeded(exceeded("the head of the response stays half sent", "headersTimeout"))
    } else if (hasMoved || response.readableLength > 0 || response.complete) {
      this.received = octets
      this.since = now
    } else if (now - this.since >= bodyTimeout) {
      this.exceeded(exceeded("the server is silent in the middle of a body", "bodyTimeout"))
    }
  }

  private exceeded(error: Http2Error.Http2Error): void {
    this.config.onExceeded()
    this.abort(error)
  }

  /** The server sees a request that broke off, never one that is complete and shorter. Who reads the response by now hears of it there. */
  private abort(error: Http2Error.Http2Error): void {
    this.failed(error)
    this.response?.destroy(error)
    this.request.destroy()
  }

  private failed(error: Http2Error.Http2Error): void {
    if (this.isAnswered) return
    this.isAnswered = true
    // A connection that had been idle, and of which nothing has come since: the server may have closed it before the request was there.
    const isUnheard = this.informational === 0 && this.octets === this.received
    const isStale = this.request.reusedSocket && isUnheard && Http2Error.isTransportError(error)
    this.exchange.onFailure(error, isStale && idempotent.has(this.exchange.method))
  }

  cancel(): void {
    this.isOver = true
    this.isAnswered = true
    this.request.destroy()
  }
}

/** Values of a repeated field, joined. */
const joined = (headers: Http.IncomingHttpHeaders): Record<string, string> => {
  const fields: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) fields[name] = typeof value === "string" ? value : value.join(", ")
  }
  return fields
}
