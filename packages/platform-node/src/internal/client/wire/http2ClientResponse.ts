/**
 * The response of a connection of HTTP/2, in the terms of the platform.
 */
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { IncomingResponse } from "./exchange.js"
import { fromHttp2 } from "./fields.js"

export class PlatformResponse implements IncomingResponse {
  readonly protocol = "h2"

  constructor(
    private readonly response: Http2ClientResponse.Http2ClientResponse,
    readonly remoteAddress: string | undefined
  ) {}

  get status(): number {
    return this.response.status
  }

  get headers(): Headers.Headers {
    return fromHttp2(this.response.headers)
  }

  get setCookies(): ReadonlyArray<string> {
    return this.response.headers.getAll("set-cookie")
  }

  takeOctets(limit: number): Uint8Array | undefined {
    return this.response.unsafeBytes(limit)
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return this.response.bytes(limit)
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return this.response.body
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return Effect.map(this.response.trailers, fromHttp2)
  }
}
