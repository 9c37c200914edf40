/**
 * The priority fields of RFC 7540: checked for the one thing that is an error, and ignored beyond that (RFC 9113 §5.3.2). Called where HEADERS and
 * PRIORITY are received.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Settings } from "../Settings.js"

/** A stream cannot depend on itself (RFC 7540 §5.3.1). Of a peer that said that it uses no such priorities nothing is an error (RFC 9218 §2.1). */
export const checkDependency = (
  streamId: number,
  priority: Frame.PrioritySpec | undefined,
  remoteSettings: Settings
): void => {
  if (priority !== undefined && priority.dependency === streamId && !remoteSettings.noRfc7540Priorities) {
    throw Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "5.3.1", "a stream that depends on itself")
  }
}
