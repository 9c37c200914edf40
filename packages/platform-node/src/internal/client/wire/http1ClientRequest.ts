/**
 * One request over HTTP/1.1 and its response, as `node:http` makes them, and what a server may do to them: whatever comes, the exchange hears of it once, and a
 * socket whose server does not keep to the protocol or the limits is destroyed. Made by http1Connections.ts.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Headers from "@effect/platform/Headers"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Http from "node:http"
import { isHeaderOverflow } from "@effect-http2/node/http1/nodeInternals"
import { failure, fromSocketError } from "@effect-http2/node/socket/socketError"
import { announcedOctets, toHttp1 } from "./fields.js"
import {
  exceeded,
  type Http1Limits,
  malformed,
  maxInformational,
  overflow
} from "@effect-http2/node/client/http1Limits"
import { Http1ClientResponse, userFailure, writeStream } from "./http1ClientResponse.js"
import type { Watched } from "./http1Watch.js"
import type { Exchange, SentRequest } from "./exchange.js"

/** What a request needs to know of its origin. */
export interface RequestConfig {
  readonly runtime: Runtime.Runtime<never>
  readonly agent: Http.Agent
  readonly limits: Http1Limits
  readonly now: () => number
  /** Requests go in absolute form, with these fields, to a proxy that answers for the origin. */
  readonly proxyHeaders: Readonly<Record<string, string>> | undefined
  /** A server has gone beyond a limit. */
  readonly onExceeded: () => void
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

export class Http1ClientRequest implements SentRequest, Watched {
  private readonly request: Http.ClientRequest
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  private response: Http.IncomingMessage | undefined = undefined
  private isAnswered = false
  /** Nothing more will be sent. */
  private isOver = false
  private informational = 0
  /** Octets that the socket had received before the head, or the piece of a body, that is due. */
  private received = 0
  /** Since when that has begun, or has stood; infinity where neither. */
  private since = Number.POSITIVE_INFINITY

  constructor(
    private readonly exchange: Exchange,
    private readonly config: RequestConfig,
    onDone: (request: Http1ClientRequest) => void
  ) {
    const { body, target } = exchange
    const { agent, limits, proxyHeaders } = config
    const announced = announcedOctets(exchange)
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
    this.request.on("upgrade", (_, socket) => {
      socket.destroy()
      this.abort(malformed(switched))
    })
    this.request.on("response", (response) => this.onResponse(response))
    this.request.on("error", (error) => this.onError(error))
    this.request.on("close", () => {
      this.isOver = true
      this.fiber?.unsafeInterruptAsFork(FiberId.none)
      this.failed(failure("Closed", "the connection was closed before a response came"))
      // The agent gets its socket back behind this event.
      process.nextTick(onDone, this)
    })
    if (body.content === undefined || body.content instanceof Uint8Array) this.request.end(body.content)
    else this.sendStream(config.runtime, writeStream(this.request, body.content, announced))
  }

  private sendStream(runtime: Runtime.Runtime<never>, write: Effect.Effect<void, unknown>): void {
    const program = Effect.matchCause(write, {
      onSuccess: () => undefined,
      onFailure: (cause) => {
        if (this.isOver) return
        const reason = Cause.isInterruptedOnly(cause) ? "interrupted itself" : "failed"
        const error = Cause.squash(cause)
        this.abort(Http2Error.isHttp2Error(error) ? error : userFailure(`the body of the request ${reason}`, error))
      }
    })
    this.fiber = Runtime.runFork(runtime)(program)
  }

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
    try {
      this.exchange.onInformational?.({ status: statusCode, headers: Headers.fromInput(headers) })
    } catch (cause) {
      // As over HTTP/2: what the callback throws is the end of the request, and of nothing else.
      this.abort(userFailure("onInformational has thrown", cause))
    }
  }

  private onResponse(response: Http.IncomingMessage): void {
    this.response = response
    const incoming = new Http1ClientResponse(response, this.exchange.method === "HEAD")
    if (this.isAnswered) return
    const fault = faultOf(response)
    if (fault !== undefined) return this.abort(malformed(fault))
    this.isAnswered = true
    this.received = this.octets
    this.since = this.config.now()
    this.exchange.onResponse(incoming)
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

  unsafeCancel(): void {
    this.isOver = true
    this.isAnswered = true
    this.request.destroy()
  }
}
