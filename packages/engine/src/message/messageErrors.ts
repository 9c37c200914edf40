/**
 * What can be wrong with the message that a stream receives, as the stream error that it is (RFC 9113 §6.9.1, §8.1.1). Called by the streams, the
 * server's role, and who reads bodies whole.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Violation } from "../fields/messageHead.js"

/** A field section that breaks a rule, or exceeds a limit of ours. */
export const malformed = (streamId: number, { description, limit, section }: Violation): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId,
    code: ErrorCode.PROTOCOL_ERROR,
    origin: "Local",
    reason: limit === undefined ? "Protocol" : "Limit",
    description,
    section,
    limit,
    processed: "unknown"
  })

export const dataBeforeHead = (streamId: number): Http2Error.StreamError =>
  Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "8.1", "DATA before the head of the message")

export const beyondWindow = (streamId: number): Http2Error.StreamError =>
  Http2Error.streamError(streamId, ErrorCode.FLOW_CONTROL_ERROR, "6.9.1", "DATA beyond the stream's window")

/** The body is not as long as content-length says, `expected` octets. */
export const lengthError = (streamId: number, expected: number, receivedOctets: number): Http2Error.StreamError => {
  const description = `content-length is ${expected}, the body is ${receivedOctets < expected ? "shorter" : "longer"}`
  return Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "8.1.1", description, { receivedOctets })
}

/** The body is read as JSON, and is none. */
export const notJson = (streamId: number, cause: unknown): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId,
    code: ErrorCode.CANCEL,
    origin: "User",
    reason: "Decode",
    description: "the body is not JSON",
    processed: "unknown",
    cause
  })

/** The body is longer than its reader wants, who has said `limit` octets. A body of HTTP/1.1 has stream 0. */
export const longerThan = (limit: number, streamId: number, receivedOctets: number): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId,
    code: ErrorCode.CANCEL,
    origin: "User",
    reason: "Limit",
    description: `the body is longer than ${limit} octets`,
    limit: "bytes",
    processed: "unknown",
    receivedOctets
  })
