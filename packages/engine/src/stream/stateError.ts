/**
 * What the state table refuses, as the error that it is (RFC 9113 §5.1). Called by the stream.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import { Outcome } from "./streamState.js"

/** The error of an outcome that is neither a state nor `ignore`. */
export const stateError = (streamId: number, outcome: number): Http2Error.Http2Error => {
  switch (outcome) {
    case Outcome.misuse:
      return Http2Error.usageError(streamId, "5.1", "the stream is over")
    case Outcome.streamClosed: {
      const reason = "a frame on a stream that its sender has ended"
      return Http2Error.streamError(streamId, ErrorCode.STREAM_CLOSED, "5.1", reason)
    }
    default: {
      const code = outcome === Outcome.protocolError ? ErrorCode.PROTOCOL_ERROR : ErrorCode.STREAM_CLOSED
      const reason = `a frame that stream ${streamId} does not allow in its state`
      return Http2Error.connectionError(code, "5.1", reason)
    }
  }
}
