/**
 * What goes out and what comes in, the same for both protocols: `execute` makes an `Outgoing`, a connection of either protocol sends it and tells the
 * listener of an `Incoming`, of which clientResponse.ts makes the platform's response.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Net from "node:net"
import type { Body } from "./requestBody.js"
import type { Origin, Target } from "./target.js"
import type { TraceFields } from "./traceFields.js"

/** The protocols, by their names in ALPN. */
export type Protocol = "h2" | "http/1.1"

/** Called for each informational response (1xx) as it arrives. */
export type OnInformational = (response: { readonly status: number; readonly headers: Headers.Headers }) => void

/** Classes, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
export class Outgoing {
  constructor(
    readonly method: string,
    readonly target: Target,
    readonly headers: Headers.Headers,
    readonly body: Body,
    /** Fields of the trace, beside `headers`. */
    readonly trace: TraceFields | undefined,
    readonly onInformational: OnInformational | undefined
  ) {}
}

export interface Incoming {
  readonly protocol: Protocol
  readonly status: number
  readonly headers: Headers.Headers
  readonly setCookies: ReadonlyArray<string>
  readonly remoteAddress: string | undefined
  /** The whole body, where it is here already and not longer than `limit`; takes it. */
  takeBytes(limit: number): Uint8Array | undefined
  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error>
  readonly body: Stream.Stream<Uint8Array, Http2Error.Http2Error>
  readonly trailers: Effect.Effect<Headers.Headers, Http2Error.Http2Error>
}

export interface Listener {
  onIncoming(incoming: Incoming): void
  /** `isStale`: a connection that had been idle broke under a request that may be repeated. */
  onFailure(error: Http2Error.Http2Error, isStale?: boolean): void
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
export interface Started {
  unsafeCancel(): void
}

/** A connection that has a place for a request. */
export interface Place {
  /** Whether the connection was made for `origin`, and not for another one. */
  isOwnOf(origin: Origin): boolean
  send(outgoing: Outgoing, listener: Listener): Started
}
