/**
 * The error of a connection that ended without saying why. Called by the connection.
 */
import * as ErrorCode from "../ErrorCode.js"
import { ConnectionError } from "../Http2Error.js"

/** What requests see that were open when the connection ended without an error. */
export const lost = (): ConnectionError =>
  new ConnectionError({
    code: ErrorCode.NO_ERROR,
    origin: "Remote",
    reason: "the connection was closed",
    processed: "unknown"
  })
