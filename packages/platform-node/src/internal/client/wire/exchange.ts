/**
 * What a request and a connection ask of each other, whichever protocol the connection speaks: a connection is given an `Exchange`, sends what it says, and
 * tells it of its response, once.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Net from "node:net"
import type { Body } from "./requestBody.js"
import type { Origin } from "@effect-http2/node/client/origin"
import type { Target } from "./target.js"
import type { TraceFields } from "./traceFields.js"

/** The protocols, by their names in ALPN. */
export type Protocol = "h2" | "http/1.1"

/** Called for each informational response (1xx) as it arrives. */
export type OnInformational = (response: { readonly status: number; readonly headers: Headers.Headers }) => void

/** One request, with all that a connection needs to send it, and who hears of its response. */
export interface Exchange {
  readonly method: string
  readonly target: Target
  readonly headers: Headers.Headers
  readonly body: Body
  /** Fields of the trace, which take the place of those in `headers`. */
  readonly trace: TraceFields | undefined
  readonly onInformational: OnInformational | undefined
  /** The head of the final response is there. */
  onResponse(response: IncomingResponse): void
  /** There is no response, or no more of it. `isStale`: a connection that had been idle broke under a request that may be repeated. */
  onFailure(error: Http2Error.Http2Error, isStale?: boolean): void
}

/** A response as a connection gives it: its head, and its body as it comes. */
export interface IncomingResponse {
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

/** A socket that is open; `close` destroys it and what it runs over. */
export interface OpenedSocket {
  readonly socket: Net.Socket
  readonly protocol: Protocol
  /** Whether no proxy stands on the way: the address of the other end is the origin's. */
  readonly isDirect: boolean
  readonly close: Effect.Effect<void>
}

/** A request that was handed to a connection. */
export interface SentRequest {
  unsafeCancel(): void
}

/** A connection that takes a request now. */
export interface Connection {
  /** Whether the connection was made for `origin`, and not for another one. */
  isOwnOf(origin: Origin): boolean
  send(exchange: Exchange): SentRequest
}
