/**
 * The priority fields of RFC 7540: read, checked for the one thing that is an error, and not acted on (RFC 9113 §5.3.2). Called where HEADERS and
 * PRIORITY are received.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"

/** A stream cannot depend on itself (RFC 7540 §5.3.1). */
export const checkDependency = (streamId: number, priority: Frame.PrioritySpec | undefined): void => {
  if (priority !== undefined && priority.dependency === streamId) {
    throw Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "5.3.1", "a stream that depends on itself")
  }
}
