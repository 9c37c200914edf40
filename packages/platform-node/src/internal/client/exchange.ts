/**
 * One request from the wish to its response, as one asynchronous effect: finds a place, sends, hears of the head, and sends again what was surely
 * not processed. Made by execute.ts.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Effect from "effect/Effect"
import type * as FiberRefs from "effect/FiberRefs"
import { requestFailed } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import { lengthViolation } from "./wire/fields.js"
import {
  type Incoming,
  type Listener,
  type OnInformational,
  Outgoing,
  type Place,
  type Started
} from "./wire/message.js"
import type { Pool } from "./pool/pool.js"
import { dispose, isReplayable, toBody } from "./wire/requestBody.js"
import type { Target } from "./wire/target.js"
import type { TraceFields } from "./wire/traceFields.js"
import type { Waiter } from "./pool/waitingLine.js"

type Resume = (effect: Effect.Effect<ClientResponse, HttpClientError.RequestError>) => void

/** All that an exchange needs to know. */
export class Task {
  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly target: Target,
    readonly pool: Pool,
    readonly trace: TraceFields | undefined,
    /** Ends the request and its response, where they belong to a scope. */
    readonly signal: AbortSignal | undefined,
    readonly onInformational: OnInformational | undefined,
    /** What a body that is a Stream runs with. */
    readonly fiberRefs: FiberRefs.FiberRefs | undefined
  ) {}

  /** What is to be sent now; a usage error where that cannot be. */
  get outgoing(): Outgoing | Http2Error.StreamError {
    const { fiberRefs, request } = this
    const body = toBody(request.body)
    if (Http2Error.isStreamError(body)) return body
    const { onInformational, target, trace } = this
    const inherited = fiberRefs === undefined ? body : body.inheriting(fiberRefs)
    const outgoing = new Outgoing(request.method, target, request.headers, inherited, trace, onInformational)
    return lengthViolation(outgoing) ?? outgoing
  }
}

/**
 * A request that a server refuses is sent once more. One that only came too late for its connection (GOAWAY without an error) may do so again: there are
 * servers that see each connection off after so many requests. This many times at most.
 */
const mostRetries = (error: Http2Error.Http2Error): number =>
  Http2Error.isConnectionError(error) && error.code === ErrorCode.NO_ERROR ? 20 : 1

export class Exchange implements Listener, Waiter, Started {
  unwanted: Place | undefined = undefined
  isOwnOnly = false
  private started: Started | undefined = undefined
  private retries = 0
  private isAnswered = false
  private isOver = false

  constructor(
    private readonly task: Task,
    private readonly resume: Resume
  ) {
    const { signal } = task
    if (signal === undefined) return
    if (signal.aborted) this.onAbort()
    else signal.addEventListener("abort", this.onAbort, { once: true })
  }

  start(): void {
    if (this.isOver) return
    const place = this.task.pool.find(this.unwanted, this.isOwnOnly)
    if (place === undefined) this.task.pool.wait(this)
    else this.onPlace(place)
  }

  onPlace(place: Place): void {
    const { outgoing } = this.task
    if (Http2Error.isStreamError(outgoing)) return this.fail(outgoing)
    this.unwanted = place
    try {
      this.started = place.send(outgoing, this)
    } catch (error) {
      const description = error instanceof Error ? error.message : String(error)
      return this.fail(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(0, undefined, description))
    }
    if (this.isOver) this.started.unsafeCancel()
  }

  onNoPlace(error: Http2Error.Http2Error): void {
    this.fail(error)
  }

  /** The response is made when the fiber goes on: what the same read has brought of the body is there then. */
  onIncoming(incoming: Incoming): void {
    if (incoming.status === 421 && this.isMisdirected()) return
    this.isAnswered = true
    this.resume(Effect.sync(() => new ClientResponse(this.task.request, this.task.trace, incoming, this)))
  }

  /**
   * 421 over the connection of another origin: the request goes once more over one of its own, whatever its method (RFC 9110 §15.5.20). Where its body cannot
   * be sent again, the 421 is the response. A Stream cannot: it was run when the request was sent.
   */
  private isMisdirected(): boolean {
    const { pool, request, target } = this.task
    const place = this.unwanted
    if (place === undefined || place.isOwnOf(target.origin)) return false
    pool.misdirected(place)
    if (!isReplayable(request.body)) return false
    this.isOwnOnly = true
    // What is left of this attempt is nobody's, and that it was cancelled neither.
    this.isAnswered = true
    this.started?.unsafeCancel()
    this.isAnswered = false
    this.started = undefined
    queueMicrotask(() => this.start())
    return true
  }

  onFailure(error: Http2Error.Http2Error, isStale = false): void {
    // Our own cancel comes back as a failure, and so does one of the body, whose reader hears of it.
    if (this.isOver || this.isAnswered) return
    const { pool, request } = this.task
    const isHarmless = (error.processed === "no" && error.origin !== "User") || isStale
    if (!isHarmless || this.retries >= mostRetries(error) || !isReplayable(request.body)) return this.fail(error)
    this.retries++
    this.started = undefined
    pool.countRetry()
    // Behind the turn that brought the failure: by then it is known which connections go on.
    queueMicrotask(() => this.start())
  }

  private fail(error: Http2Error.Http2Error): void {
    dispose(this.task.request.body)
    this.resume(requestFailed(this.task.request, error))
  }

  private readonly onAbort = (): void => {
    this.unsafeCancel()
    this.resume(
      Effect.fail(
        new HttpClientError.RequestError({
          request: this.task.request,
          reason: "Transport",
          cause: this.task.signal?.reason,
          description: "the scope of the request was closed"
        })
      )
    )
  }

  unsafeCancel(): void {
    this.isOver = true
    this.task.pool.withdraw(this)
    this.started?.unsafeCancel()
    dispose(this.task.request.body)
  }
}

/** Sends a request and succeeds with its head. Interruption gives it up at once. */
export const run = (task: Task): Effect.Effect<ClientResponse, HttpClientError.RequestError> =>
  Effect.async((resume) => {
    const exchange = new Exchange(task, resume)
    exchange.start()
    return Effect.sync(() => exchange.unsafeCancel())
  })
