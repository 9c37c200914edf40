/**
 * A response as a connection of either protocol gives it: its head, and its body as it comes. Made by http2Connection.ts, and of what `node:http` gives.
 */
import type * as Http2ClientResponse from "@effect-http2/effect4-http2/Http2ClientResponse"
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import type { Protocol } from "@effect-http2/node/client/exchange"
import { fromHttp2 } from "@effect-http2/node/client/fields"
import type { Http1Response } from "@effect-http2/node/client/http1Response"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import type * as Stream from "effect/Stream"

/** A body that is not in the coding that its fields name, or ends in the middle of it. */
export class CodingError extends Error {
  override readonly name = "CodingError"

  constructor(coding: string, cause: unknown) {
    super(`the body cannot be decoded as ${coding}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause
    })
  }
}

/** Of the connection, or of who decodes what it brings. */
export type ReadError = Http2Error.Http2Error | CodingError

export interface Incoming {
  readonly protocol: Protocol
  readonly status: number
  readonly headers: Headers.Headers
  readonly setCookies: ReadonlyArray<string>
  readonly remoteAddress: string | undefined
  /** The whole body, where it is here already and not longer than `limit`; takes it. */
  takeOctets(limit: number): Uint8Array | undefined
  bytes(limit: number): Effect.Effect<Uint8Array, ReadError>
  readonly body: Stream.Stream<Uint8Array, ReadError>
  readonly trailers: Effect.Effect<Headers.Headers, Http2Error.Http2Error>
}

export class Http2Incoming implements Incoming {
  readonly protocol = "h2"

  constructor(
    private readonly response: Http2ClientResponse.Http2ClientResponse,
    readonly remoteAddress: string | undefined,
    /** 101 for a tunnel that was asked for as an upgrade. */
    readonly status = response.status
  ) {}

  get headers(): Headers.Headers {
    return Headers.fromInput(fromHttp2(this.response.headers))
  }

  get setCookies(): ReadonlyArray<string> {
    return this.response.headers.getAll("set-cookie")
  }

  takeOctets(limit: number): Uint8Array | undefined {
    // What follows belongs to who has the connection.
    return this.status === 101 ? new Uint8Array() : this.response.bytesUnsafe(limit)
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return this.response.bytes(limit)
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return this.response.body
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return Effect.map(this.response.trailers, (fields) => Headers.fromInput(fromHttp2(fields)))
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
    return Effect.callback((resume) =>
      Effect.sync(this.response.collect(limit, (outcome) => resume(fromOutcome(outcome))))
    )
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    const { cutOff, source } = this.response
    return NodeStream.fromReadable<Uint8Array, Http2Error.Http2Error>({ evaluate: () => source, onError: cutOff })
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return Effect.callback((resume) =>
      Effect.sync(
        this.response.onTrailers((outcome) =>
          resume(Effect.map(fromOutcome(outcome), (fields) => Headers.fromInput(fields)))
        )
      )
    )
  }
}
