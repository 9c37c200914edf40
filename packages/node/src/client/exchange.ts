/**
 * What a request and a connection ask of each other, whichever protocol the connection speaks: a connection is given an `Exchange`, sends what it says, and
 * tells it of its response, once. What a response is to its reader, and how a body that is no octets gets to be read, is for the skin to say.
 */
import type * as Http2Error from "@effect-http2/engine/Http2Error"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import type { Origin } from "./origin.js"
import type { TraceFields } from "./traceFields.js"

/** The protocols, by their names in ALPN. */
export type Protocol = "h2" | "http/1.1"

/** Fields by their names, in lower case. */
export interface Fields {
  readonly [name: string]: string
}

/** What is asked, and of whom. */
export interface Target {
  readonly url: URL
  readonly origin: Origin
  /** Path and query. */
  readonly path: string
  /** Authorization for user and password in the URL. */
  readonly authorization: string | undefined
}

/** Takes away what was begun; safe to be called more than once, and behind its end. */
export type Cancel = () => void

/** Where a body is written to, piece by piece. */
export interface BodyWriter {
  /** Sends octets; why it is not done, where they are more than was announced. */
  write(pieces: ReadonlyArray<Uint8Array>): Http2Error.StreamError | undefined
  /** Whether enough waits to be sent. */
  readonly isFull: boolean
  /** Calls `listener` once there is room again, or nobody takes more. */
  onRoom(listener: () => void): Cancel
  /** The body is whole; why it is not, where it is shorter than was announced. */
  end(): Http2Error.StreamError | undefined
  /** The body has failed. Only what is cut off tells the server so. */
  fail(error: Http2Error.Http2Error): void
}

/** A body that writes itself. */
export interface BodySource {
  writeTo(writer: BodyWriter): Cancel
}

export interface Body {
  readonly content: Uint8Array | BodySource | undefined
  /** Fields that follow from the body; those that the request has stand before them. */
  readonly contentType: string | undefined
  readonly contentLength: number | undefined
}

export const noBody: Body = { content: undefined, contentType: undefined, contentLength: undefined }

/** What a request says. */
export interface Outgoing {
  readonly method: string
  readonly target: Target
  readonly headers: Fields
  readonly body: Body
  /** Fields of the trace, which take the place of those in `headers`. */
  readonly trace: TraceFields | undefined
}

/** Called for each informational response (1xx) as it arrives. */
export type OnInformational = (response: { readonly status: number; readonly headers: Fields }) => void

/** One request, with all that a connection needs to send it, and who hears of its response. */
export interface Exchange<Response> extends Outgoing {
  readonly onInformational: OnInformational | undefined
  /** The head of the final response is there. */
  onResponse(response: Response): void
  /** The server has switched to what was asked for (101): the connection is whose this is. Absent where nothing was. */
  readonly onUpgrade?: ((response: Response, socket: Duplex) => void) | undefined
  /** There is no response, or no more of it. `isStale`: a connection that had been idle broke under a request that may be repeated. */
  onFailure(error: Http2Error.Http2Error, isStale?: boolean): void
}

/** A request that was handed to a connection. */
export interface SentRequest {
  cancel(): void
}

/** A connection that takes a request now. */
export interface Connection<Response> {
  /** Whether the connection was made for `origin`, and not for another one. */
  isOwnOf(origin: Origin): boolean
  send(exchange: Exchange<Response>): SentRequest
}

/** A socket that is open; `close` destroys it and what it runs over. */
export interface OpenedSocket {
  readonly socket: Net.Socket
  readonly protocol: Protocol
  /** Whether no proxy stands on the way: the address of the other end is the origin's. */
  readonly isDirect: boolean
  readonly close: () => void
}

/** Time, as the skin has it. */
export interface Timer {
  /** In ms. */
  now(): number
  /** Calls `task` once, in so many ms. */
  after(millis: number, task: () => void): Cancel
}
