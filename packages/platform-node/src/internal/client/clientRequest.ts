/**
 * One request from the wish to its response, as one asynchronous effect: it waits for a connection, is sent, hears of its response, and is sent again where it
 * surely was not processed.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type * as FiberRefs from "effect/FiberRefs"
import { requestFailed } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import type { Pool } from "./pool/pool.js"
import type { Waiter } from "./pool/pool.js"
import type { Connection, Exchange, IncomingResponse, OnInformational, SentRequest } from "./wire/exchange.js"
import { lengthViolation } from "./wire/fields.js"
import { type Body, dispose, isReplayable, none, toBody } from "./wire/requestBody.js"
import type { Target } from "./wire/target.js"
import type { TraceFields } from "./wire/traceFields.js"

type Response = Effect.Effect<ClientResponse, HttpClientError.RequestError>

/**
 * A request that a server refuses is sent once more. One that only came too late for its connection (GOAWAY without an error) may do so again: there are
 * servers that see each connection off after so many requests. This many times at most.
 */
const maxRetries = (error: Http2Error.Http2Error): number =>
  Http2Error.isConnectionError(error) && error.code === ErrorCode.NO_ERROR ? 20 : 1

/** A class, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
export class ClientRequest implements Exchange, Waiter, SentRequest {
  readonly method: string
  readonly headers: Headers.Headers
  /** That of the current attempt. */
  body: Body = none
  excluded: Connection | undefined = undefined
  isOwnOnly = false
  private resume: (response: Response) => void = () => undefined
  private sent: SentRequest | undefined = undefined
  private retries = 0
  private isAnswered = false
  private isOver = false

  constructor(
    private readonly request: HttpClientRequest.HttpClientRequest,
    readonly target: Target,
    private readonly pool: Pool,
    readonly trace: TraceFields | undefined,
    /** Ends the request and its response, where they belong to a scope. */
    private readonly signal: AbortSignal | undefined,
    readonly onInformational: OnInformational | undefined,
    /** What a body that is a Stream runs with. */
    private readonly fiberRefs: FiberRefs.FiberRefs | undefined
  ) {
    this.method = request.method
    this.headers = request.headers
  }

  /** Sends the request, once, and succeeds with the head of its response. Interruption gives it up at once. */
  get response(): Response {
    return Effect.async((resume) => {
      this.resume = resume
      const { signal } = this
      if (signal?.aborted === true) this.onAbort()
      else signal?.addEventListener("abort", this.onAbort, { once: true })
      this.start()
      return Effect.sync(() => this.unsafeCancel())
    })
  }

  /** Begins an attempt. */
  private start(): void {
    if (this.isOver) return
    const connection = this.pool.find(this.excluded, this.isOwnOnly)
    if (connection === undefined) this.pool.wait(this)
    else this.onConnection(connection)
  }

  onConnection(connection: Connection): void {
    const body = toBody(this.request.body)
    if (Http2Error.isStreamError(body)) return this.fail(body)
    this.body = this.fiberRefs === undefined ? body : body.inheriting(this.fiberRefs)
    const violation = lengthViolation(this)
    if (violation !== undefined) return this.fail(violation)
    this.excluded = connection
    try {
      this.sent = connection.send(this)
    } catch (error) {
      const description = error instanceof Error ? error.message : String(error)
      return this.fail(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(0, undefined, description))
    }
    if (this.isOver) this.sent.unsafeCancel()
  }

  onNoConnection(error: Http2Error.Http2Error): void {
    this.fail(error)
  }

  /** The response is made when the fiber goes on: what the same read has brought of the body is there then. */
  onResponse(incoming: IncomingResponse): void {
    if (incoming.status === 421 && this.isMisdirected()) return
    this.isAnswered = true
    this.resume(Effect.sync(() => new ClientResponse(this.request, this.trace, incoming, this)))
  }

  /**
   * 421 over the connection of another origin: the request goes once more over one of its own, whatever its method (RFC 9110 §15.5.20). Where its body cannot
   * be sent again, the 421 is the response. A Stream cannot: it was run when the request was sent.
   */
  private isMisdirected(): boolean {
    const { excluded: connection, pool, request, target } = this
    if (connection === undefined || connection.isOwnOf(target.origin)) return false
    pool.misdirected(connection)
    if (!isReplayable(request.body)) return false
    this.isOwnOnly = true
    // What is left of this attempt is nobody's, and that it was cancelled neither.
    this.isAnswered = true
    this.sent?.unsafeCancel()
    this.isAnswered = false
    this.sent = undefined
    queueMicrotask(() => this.start())
    return true
  }

  onFailure(error: Http2Error.Http2Error, isStale = false): void {
    // Our own cancel comes back as a failure, and so does one of the body, whose reader hears of it.
    if (this.isOver || this.isAnswered) return
    const isRetryable = (error.processed === "no" && error.origin !== "User") || isStale
    if (!isRetryable || this.retries >= maxRetries(error) || !isReplayable(this.request.body)) return this.fail(error)
    this.retries++
    this.sent = undefined
    this.pool.countRetry()
    // Behind the turn that brought the failure: by then it is known which connections go on.
    queueMicrotask(() => this.start())
  }

  private fail(error: Http2Error.Http2Error): void {
    dispose(this.request.body)
    this.resume(requestFailed(this.request, error))
  }

  private readonly onAbort = (): void => {
    this.unsafeCancel()
    this.resume(
      Effect.fail(
        new HttpClientError.RequestError({
          request: this.request,
          reason: "Transport",
          cause: this.signal?.reason,
          description: "the scope of the request was closed"
        })
      )
    )
  }

  unsafeCancel(): void {
    this.isOver = true
    this.pool.withdraw(this)
    this.sent?.unsafeCancel()
    dispose(this.request.body)
  }
}
