/**
 * A connection of the pool over HTTP/2, and an exchange on it: the request that the connection is asked to send, and the listener that it tells of the
 * response. Made by pool/openHttp2.ts.
 */
import type * as Http2Headers from "@effect-http2/http2/Headers"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Cancel, Exchange, SentRequest } from "@effect-http2/node/client/exchange"
import { fromHttp2, toHttp2 } from "@effect-http2/node/client/fields"
import { type ConnectionOwner, Http2Connection } from "@effect-http2/node/client/http2Connection"
import type { Origin } from "@effect-http2/node/client/origin"
import type { Identity } from "@effect-http2/node/socket/identity"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Fork, interrupting } from "./forked.js"
import { Http2Incoming, type Incoming } from "./incoming.js"
import { StreamBody } from "./requestBody.js"

const contentOf = ({ content }: Exchange<Incoming>["body"]): Http2ClientRequest.Http2ClientRequest["body"] => {
  if (content === undefined || content instanceof Uint8Array) return content
  if (content instanceof StreamBody) return content.stream
  throw new Error("the body is another skin's")
}

class Http2Exchange implements Http2ClientRequest.Http2ClientRequest, Http2Client.ResponseListener, SentRequest {
  readonly method: string
  readonly path: string
  readonly headers: Http2Headers.Headers
  readonly body: Http2ClientRequest.Http2ClientRequest["body"]
  declare readonly authority?: string
  declare readonly onInformational?: (status: number, headers: Http2Headers.Headers) => void
  private readonly started: Http2Client.Started

  constructor(
    private readonly exchange: Exchange<Incoming>,
    client: Http2Client.Http2Client,
    /** Whether the connection was made for another origin. */
    isReused: boolean,
    private readonly remoteAddress: string | undefined
  ) {
    const { body, headers, method, onInformational, target } = exchange
    const host = headers["host"]
    this.method = method
    this.path = target.path
    this.headers = toHttp2(exchange)
    this.body = contentOf(body)
    if (host !== undefined) this.authority = host
    else if (isReused) this.authority = target.origin.authority
    if (onInformational !== undefined) {
      this.onInformational = (status, fields) =>
        onInformational({ status, headers: Object.fromEntries(fromHttp2(fields)) })
    }
    this.started = client.unsafeRequest(this, this)
  }

  onResponse(response: Http2ClientResponse.Http2ClientResponse): void {
    this.exchange.onResponse(new Http2Incoming(response, this.remoteAddress))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.exchange.onFailure(error)
  }

  cancel(): void {
    this.started.unsafeCancel()
  }
}

export class ClientConnection extends Http2Connection<Incoming> {
  constructor(
    readonly client: Http2Client.Http2Client,
    private readonly scope: Scope.CloseableScope,
    private readonly fork: Fork,
    origin: Origin,
    owner: ConnectionOwner<Incoming>,
    identity: Identity,
    isDirect: boolean
  ) {
    super(client.connection, origin, owner, identity, isDirect)
  }

  send(exchange: Exchange<Incoming>): SentRequest {
    const isReused = this.isReusedFor(exchange.target.origin)
    return new Http2Exchange(exchange, this.client, isReused, this.remoteAddress)
  }

  protected freeStreams(): number {
    return this.client.availableStreams()
  }

  protected ping(done: (isAnswered: boolean) => void): Cancel {
    const fiber = this.fork(this.client.connection.ping)
    fiber.addObserver((exit) => done(Exit.isSuccess(exit)))
    return interrupting(fiber)
  }

  protected close(done: () => void): void {
    this.fork(Scope.close(this.scope, Exit.void)).addObserver(done)
  }
}
