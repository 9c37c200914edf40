/**
 * Every way in which HTTP/2 can fail, typed. Two scopes: a `ConnectionError` ends the connection and all its streams, a `StreamError`
 * ends one stream. A `TransportError` comes from below: the socket, TLS, the address.
 *
 * @since 0.1.0
 */
import * as ErrorCode from "./ErrorCode.js"

/**
 * Who caused an error: the peer said or did it (`Remote`), this library decided it (`Local`), or its API was misused (`User`).
 *
 * @since 0.1.0
 * @category models
 */
export type Origin = "Remote" | "Local" | "User"

/**
 * Whether the peer may have acted on a request that failed. `no` is safe to retry with any method: the request was never sent, was
 * refused (REFUSED_STREAM), or is above the last stream id of a GOAWAY (RFC 9113 §8.7).
 *
 * @since 0.1.0
 * @category models
 */
export type Processed = "no" | "unknown"

/**
 * What went wrong, for a program to tell apart:
 *
 * - `Protocol`: the peer broke a rule; `section` has it.
 * - `Limit`, `Timeout`: it was more, or took longer, than is allowed; `limit` names the option, or the peer's setting.
 * - `Reset`, `GoAway`: the peer sent RST_STREAM, or GOAWAY; `code` says why.
 * - `Closed`: the connection has ended, or takes no more requests.
 * - `Cancelled`: this side cancelled it.
 * - `Usage`: the API was misused; nothing was sent.
 * - `UserCode`: a body, a handler or a callback of the user's failed; `cause` has it.
 * - `Decode`: a body could not be decoded as what was asked for, JSON for instance.
 * - `Defect`: this library is at fault; `cause` has it.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason =
  | "Protocol"
  | "Limit"
  | "Timeout"
  | "Reset"
  | "GoAway"
  | "Closed"
  | "Cancelled"
  | "Usage"
  | "UserCode"
  | "Decode"
  | "Defect"

interface Details {
  /** The code of RFC 9113 §7 that was sent or received. */
  readonly code: ErrorCode.ErrorCode
  readonly origin: Origin
  readonly reason: Reason
  /** What happened, in words, without the code. */
  readonly description: string
  /** The section of RFC 9113 whose rule was broken, for an error that this library raises. */
  readonly section?: string | undefined
  /** The name of the limit that was exceeded, as in the options. */
  readonly limit?: string | undefined
  /** Whether the peer may have acted on the request. */
  readonly processed: Processed
  readonly cause?: unknown
}

const describe = (scope: string, details: Details): string => {
  const who = details.origin === "Remote" ? "peer: " : details.origin === "User" ? "usage: " : ""
  const section = details.section === undefined ? "" : ` (RFC 9113 §${details.section})`
  // The code of a usage error that goes to no peer is INTERNAL_ERROR, which says nothing: the message leaves it out.
  const isCodeless = details.origin === "User" && details.code === ErrorCode.INTERNAL_ERROR
  const code = isCodeless ? "" : `${ErrorCode.toName(details.code)}: `
  return `${scope}: ${who}${code}${details.description}${section}`
}

/** What both scopes have. */
abstract class Failure extends Error implements Details {
  readonly code: ErrorCode.ErrorCode
  readonly origin: Origin
  readonly reason: Reason
  readonly description: string
  readonly section: string | undefined
  readonly limit: string | undefined
  readonly processed: Processed

  constructor(details: Details) {
    super(undefined, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.origin = details.origin
    this.reason = details.reason
    this.description = details.description
    this.section = details.section
    this.limit = details.limit
    this.processed = details.processed
  }
}

/**
 * The whole connection failed: GOAWAY was sent or received with an error, or the connection was lost (RFC 9113 §5.4.1).
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionError extends Failure {
  static {
    this.prototype.name = "Http2ConnectionError"
  }
  readonly _tag = "Http2ConnectionError"
  readonly scope = "connection"
  override get message(): string {
    return describe("connection", this)
  }
}

/**
 * One stream failed; the connection and the other streams go on (RFC 9113 §5.4.2).
 *
 * @since 0.1.0
 * @category errors
 */
export class StreamError extends Failure {
  static {
    this.prototype.name = "Http2StreamError"
  }
  readonly _tag = "Http2StreamError"
  readonly scope = "stream"
  /** The stream's id; 0 where none was given to it yet. */
  readonly streamId: number
  /** Octets of the incoming body that had arrived by then. */
  readonly receivedOctets: number | undefined

  constructor(details: Details & { readonly streamId: number; readonly receivedOctets?: number | undefined }) {
    super(details)
    this.streamId = details.streamId
    this.receivedOctets = details.receivedOctets
  }

  override get message(): string {
    return describe(this.streamId === 0 ? "stream" : `stream ${this.streamId}`, this)
  }
}

/**
 * What failed below HTTP/2.
 *
 * @since 0.1.0
 * @category models
 */
export type TransportReason =
  "Connect" | "ConnectTimeout" | "Listen" | "Tls" | "Alpn" | "Read" | "Write" | "Reset" | "Closed" | "InvalidOptions"

/**
 * The transport failed: no connection could be made, or the socket broke. It carries an error code as every error does: CONNECT_ERROR
 * where no connection came about, INTERNAL_ERROR for one that broke.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Error {
  static {
    this.prototype.name = "Http2TransportError"
  }
  readonly _tag = "Http2TransportError"
  readonly scope = "connection"
  readonly reason: TransportReason
  readonly description: string
  readonly origin: Origin
  readonly code: ErrorCode.ErrorCode
  readonly processed: Processed

  constructor(details: { readonly reason: TransportReason; readonly description: string; readonly cause?: unknown }) {
    super(undefined, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = details.reason
    this.description = details.description
    this.origin = details.reason === "InvalidOptions" ? "User" : "Remote"
    this.code = isDial(details.reason) ? ErrorCode.CONNECT_ERROR : ErrorCode.INTERNAL_ERROR
    this.processed = isDial(details.reason) ? "no" : "unknown"
  }

  override get message(): string {
    return `transport: ${this.reason}: ${this.description}`
  }
}

const isDial = (reason: TransportReason): boolean =>
  reason === "Connect" ||
  reason === "ConnectTimeout" ||
  reason === "Tls" ||
  reason === "Alpn" ||
  reason === "Listen" ||
  reason === "InvalidOptions"

/**
 * Any failure of this library.
 *
 * @since 0.1.0
 * @category errors
 */
export type Http2Error = ConnectionError | StreamError | TransportError

const isTagged = (u: unknown, tag: string): boolean =>
  typeof u === "object" && u !== null && "_tag" in u && u._tag === tag

/**
 * @since 0.1.0
 * @category guards
 */
export const isConnectionError = (u: unknown): u is ConnectionError => isTagged(u, "Http2ConnectionError")

/**
 * @since 0.1.0
 * @category guards
 */
export const isStreamError = (u: unknown): u is StreamError => isTagged(u, "Http2StreamError")

/**
 * @since 0.1.0
 * @category guards
 */
export const isTransportError = (u: unknown): u is TransportError => isTagged(u, "Http2TransportError")

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Error = (u: unknown): u is Http2Error =>
  isConnectionError(u) || isStreamError(u) || isTransportError(u)

/** What is wrong with a peer that broke a rule, or exceeded the limit of this name. */
const reasonOf = (limit: string | undefined): Reason =>
  limit === undefined ? "Protocol" : limit.endsWith("Timeout") ? "Timeout" : "Limit"

/**
 * A rule of the RFC that the peer broke, for which the connection has to end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connectionError = (
  code: ErrorCode.ErrorCode,
  section: string,
  description: string,
  options?: { readonly reason?: Reason; readonly limit?: string; readonly cause?: unknown }
): ConnectionError =>
  new ConnectionError({
    code,
    origin: "Local",
    reason: options?.reason ?? reasonOf(options?.limit),
    description,
    section,
    limit: options?.limit,
    processed: "unknown",
    cause: options?.cause
  })

/**
 * A rule of the RFC that the peer broke, for which one stream has to end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const streamError = (
  streamId: number,
  code: ErrorCode.ErrorCode,
  section: string,
  description: string,
  options?: { readonly limit?: string; readonly cause?: unknown; readonly receivedOctets?: number }
): StreamError =>
  new StreamError({
    streamId,
    code,
    origin: "Local",
    reason: reasonOf(options?.limit),
    description,
    section,
    limit: options?.limit,
    processed: "unknown",
    cause: options?.cause,
    receivedOctets: options?.receivedOctets
  })

/**
 * The API was given something that cannot be sent. Nothing of it went to the peer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const usageError = (
  streamId: number,
  section: string | undefined,
  description: string,
  /** The setting of the peer's that does not allow it. */
  limit?: string
): StreamError =>
  new StreamError({
    streamId,
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason: "Usage",
    description,
    section,
    limit,
    processed: "no"
  })

/**
 * What requests see that were open when the connection ended without an error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connectionClosed = (): ConnectionError =>
  new ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Remote",
    reason: "Closed",
    description: "the connection was closed",
    processed: "unknown"
  })
