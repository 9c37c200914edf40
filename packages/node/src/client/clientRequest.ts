/**
 * One request from the wish to its response: it waits for a connection, is sent, hears of its response, and is sent again where it surely was not processed.
 * Made by the `HttpClient` of a skin.
 */
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Http2Error from "@effect-http2/engine/Http2Error"
import type { Duplex } from "node:stream"
import {
  type Body,
  type Connection,
  type Exchange,
  type Fields,
  noBody,
  type OnInformational,
  type SentRequest,
  type Target
} from "./exchange.js"
import { lengthViolation } from "./fields.js"
import type { Pool } from "./pool.js"
import type { TraceFields } from "./traceFields.js"
import type { Waiter } from "./waiters.js"

/** A request as its user made it, and who hears what became of it. */
export interface Wish<Response> {
  readonly method: string
  readonly headers: Fields
  readonly target: Target
  readonly trace: TraceFields | undefined
  readonly onInformational: OnInformational | undefined
  /** Whether it asks for another protocol on its connection (RFC 9110 §7.8). */
  readonly isUpgrade: boolean
  /** Whether the body can be sent a second time. */
  readonly isReplayable: boolean
  /** The body, for one attempt; an error of origin `User` where nothing can be made of what was given. */
  readonly toBody: () => Body | Http2Error.StreamError
  /** The body will not be read, or not to its end. Called once or more. */
  readonly dispose: () => void
  /** The head has come; `request` is what the rest of it is given up by. */
  readonly onResponse: (response: Response, request: SentRequest) => void
  /** The server has switched protocols. */
  readonly onUpgrade: (response: Response, socket: Duplex, request: SentRequest) => void
  readonly onFailure: (error: Http2Error.Http2Error) => void
}

/**
 * A request that a server refuses is sent once more. One that only came too late for its connection (GOAWAY without an error) may do so again: there are
 * servers that see each connection off after so many requests. This many times at most.
 */
const maxRetries = (error: Http2Error.Http2Error): number =>
  Http2Error.isConnectionError(error) && error.code === ErrorCode.NO_ERROR ? 20 : 1

/** A class, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
export class ClientRequest<Response extends { readonly status: number }>
  implements Exchange<Response>, Waiter<Connection<Response>>, SentRequest
{
  readonly method: string
  readonly headers: Fields
  readonly target: Target
  readonly trace: TraceFields | undefined
  readonly onInformational: OnInformational | undefined
  readonly onUpgrade: ((response: Response, socket: Duplex) => void) | undefined
  /** That of the current attempt. */
  body: Body = noBody
  excluded: Connection<Response> | undefined = undefined
  isOwnOnly = false
  private sent: SentRequest | undefined = undefined
  private retries = 0
  private isAnswered = false
  private isOver = false

  constructor(
    private readonly wish: Wish<Response>,
    private readonly pool: Pool<Response>
  ) {
    this.method = wish.method
    this.headers = wish.headers
    this.target = wish.target
    this.trace = wish.trace
    this.onInformational = wish.onInformational
    this.onUpgrade = wish.isUpgrade ? (response, socket) => this.upgraded(response, socket) : undefined
  }

  /** Begins an attempt. */
  start(): void {
    if (this.isOver) return
    const { excluded, isOwnOnly, pool, wish } = this
    const connection = wish.isUpgrade ? pool.findForUpgrade() : pool.find(excluded, isOwnOnly)
    if (connection === undefined) pool.wait(this)
    else this.onConnection(connection)
  }

  onConnection(connection: Connection<Response>): void {
    const body = this.wish.toBody()
    if (Http2Error.isStreamError(body)) return this.fail(body)
    this.body = body
    const violation = lengthViolation(this)
    if (violation !== undefined) return this.fail(violation)
    this.excluded = connection
    try {
      this.sent = connection.send(this)
    } catch (error) {
      const description = error instanceof Error ? error.message : String(error)
      return this.fail(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(0, undefined, description))
    }
    if (this.isOver) this.sent.cancel()
  }

  onNoConnection(error: Http2Error.Http2Error): void {
    this.fail(error)
  }

  onResponse(response: Response): void {
    if (response.status === 421 && this.isMisdirected()) return
    this.isAnswered = true
    this.body = noBody
    this.wish.onResponse(response, this)
  }

  private upgraded(response: Response, socket: Duplex): void {
    this.isAnswered = true
    if (this.isOver) socket.destroy()
    else this.wish.onUpgrade(response, socket, this)
  }

  /**
   * 421 over the connection of another origin: the request goes once more over one of its own, whatever its method (RFC 9110 §15.5.20). Where its body cannot
   * be sent again, the 421 is the response. A Stream cannot: it was run when the request was sent.
   */
  private isMisdirected(): boolean {
    const { excluded: connection, pool, target, wish } = this
    if (connection === undefined || connection.isOwnOf(target.origin)) return false
    pool.misdirected(connection)
    if (!wish.isReplayable) return false
    this.isOwnOnly = true
    // What is left of this attempt is nobody's, and that it was cancelled neither.
    this.isAnswered = true
    this.sent?.cancel()
    this.isAnswered = false
    this.sent = undefined
    queueMicrotask(() => this.start())
    return true
  }

  onFailure(error: Http2Error.Http2Error, isStale = false): void {
    // Our own cancel comes back as a failure, and so does one of the body, whose reader hears of it.
    if (this.isOver || this.isAnswered) return
    const isRetryable = (error.processed === "no" && error.origin !== "User") || isStale
    if (!isRetryable || this.retries >= maxRetries(error) || !this.wish.isReplayable) return this.fail(error)
    this.retries++
    this.sent = undefined
    this.pool.countRetry()
    // Behind the turn that brought the failure: by then it is known which connections go on.
    queueMicrotask(() => this.start())
  }

  private fail(error: Http2Error.Http2Error): void {
    this.wish.dispose()
    this.wish.onFailure(error)
  }

  /** Nobody wants the response, or the rest of it, any more. */
  cancel(): void {
    this.isOver = true
    this.pool.withdraw(this)
    this.sent?.cancel()
    this.wish.dispose()
  }
}
