/**
 * A response as a connection of either protocol gives it: its head, and its body as it comes. Made by http2Connection.ts, and of what `node:http` gives.
 */
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Headers from "@effect-http2/http2/Headers"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Protocol } from "@effect-http2/node/client/exchange"
import * as Fields from "@effect-http2/node/client/fields"
import type { Http1Response } from "@effect-http2/node/client/http1Response"
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { fromReadable } from "../../stream/readable.js"

export interface Incoming {
  readonly protocol: Protocol
  readonly status: number
  readonly headers: Headers.Headers
  readonly setCookies: ReadonlyArray<string>
  readonly remoteAddress: string | undefined
  /** The whole body, where it is here already and not longer than `limit`; takes it. */
  takeOctets(limit: number): Uint8Array | undefined
  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error>
  readonly body: Stream.Stream<Uint8Array, Http2Error.Http2Error>
  readonly trailers: Effect.Effect<Headers.Headers, Http2Error.Http2Error>
}

const received = new WeakMap<Http2Headers.Headers, Headers.Headers>()

/** Those that come again are converted once. */
const fromHttp2 = (headers: Http2Headers.Headers): Headers.Headers => {
  const known = received.get(headers)
  if (known !== undefined) return known
  const fresh = Headers.fromInput(Fields.fromHttp2(headers))
  received.set(headers, fresh)
  return fresh
}

export class Http2Incoming implements Incoming {
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

/** What a callback is told, as an effect. */
const fromOutcome = <A>(outcome: A | Http2Error.Http2Error): Effect.Effect<A, Http2Error.Http2Error> =>
  Http2Error.isHttp2Error(outcome) ? Effect.fail(outcome) : Effect.succeed(outcome)

export class Http1Incoming implements Incoming {
  readonly protocol = "http/1.1"

  constructor(private readonly response: Http1Response) {}

  get status(): number {
    return this.response.status
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.response.headers)
  }

  get setCookies(): ReadonlyArray<string> {
    return this.response.setCookies
  }

  get remoteAddress(): string | undefined {
    return this.response.remoteAddress
  }

  takeOctets(): Uint8Array | undefined {
    return this.response.takeOctets()
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return Effect.async((resume) =>
      Effect.sync(this.response.collect(limit, (outcome) => resume(fromOutcome(outcome))))
    )
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    const { cutOff, source } = this.response
    return fromReadable(source, cutOff)
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return Effect.async((resume) =>
      Effect.sync(
        this.response.onTrailers((outcome) =>
          resume(Effect.map(fromOutcome(outcome), (fields) => Headers.fromInput(fields)))
        )
      )
    )
  }
}
