/**
 * An exchange on a connection of HTTP/2: the request that the connection is asked to send, and the listener that it tells of the response.
 */
import type * as Http2Headers from "@effect-http2/http2/Headers"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Exchange } from "./exchange.js"
import { fromHttp2, toHttp2 } from "./fields.js"
import { PlatformResponse } from "./http2ClientResponse.js"

export class PlatformRequest implements Http2ClientRequest.Http2ClientRequest, Http2Client.ResponseListener {
  readonly method: string
  readonly path: string
  readonly headers: Http2Headers.Headers
  readonly body: Exchange["body"]["content"]
  declare readonly authority?: string
  declare readonly onInformational?: (status: number, headers: Http2Headers.Headers) => void

  constructor(
    private readonly exchange: Exchange,
    /** Whether the connection was made for another origin. */
    isReused: boolean,
    private readonly remoteAddress: string | undefined
  ) {
    const { body, headers, method, onInformational, target } = exchange
    const { host } = headers
    this.method = method
    this.path = target.path
    this.headers = toHttp2(exchange)
    this.body = body.content
    if (host !== undefined) this.authority = host
    else if (isReused) this.authority = target.origin.authority
    if (onInformational !== undefined) {
      this.onInformational = (status, fields) => onInformational({ status, headers: fromHttp2(fields) })
    }
  }

  onResponse(response: Http2ClientResponse.Http2ClientResponse): void {
    this.exchange.onResponse(new PlatformResponse(response, this.remoteAddress))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.exchange.onFailure(error)
  }
}
