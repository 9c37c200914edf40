/**
 * The error codes of RST_STREAM and GOAWAY (RFC 9113 §7). A peer may send a code that is not listed here; it is kept as the number it is.
 *
 * @since 0.1.0
 */

/**
 * An error code as it stands on the wire: an unsigned 32-bit integer.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorCode = number

/**
 * Not an error; also the code of a graceful GOAWAY.
 *
 * @since 0.1.0
 * @category codes
 */
export const NO_ERROR = 0x00

/**
 * The peer broke the protocol in a way that no other code names.
 *
 * @since 0.1.0
 * @category codes
 */
export const PROTOCOL_ERROR = 0x01

/**
 * Something unexpected happened inside an endpoint.
 *
 * @since 0.1.0
 * @category codes
 */
export const INTERNAL_ERROR = 0x02

/**
 * The peer sent more than its flow-control window, or a window grew beyond 2^31-1.
 *
 * @since 0.1.0
 * @category codes
 */
export const FLOW_CONTROL_ERROR = 0x03

/**
 * SETTINGS were not acknowledged in time.
 *
 * @since 0.1.0
 * @category codes
 */
export const SETTINGS_TIMEOUT = 0x04

/**
 * A frame arrived for a stream that its sender had already ended.
 *
 * @since 0.1.0
 * @category codes
 */
export const STREAM_CLOSED = 0x05

/**
 * A frame has a size that its type does not allow.
 *
 * @since 0.1.0
 * @category codes
 */
export const FRAME_SIZE_ERROR = 0x06

/**
 * The stream was refused before any of it was processed: safe to retry.
 *
 * @since 0.1.0
 * @category codes
 */
export const REFUSED_STREAM = 0x07

/**
 * The stream is no longer wanted.
 *
 * @since 0.1.0
 * @category codes
 */
export const CANCEL = 0x08

/**
 * The header compression context is lost (RFC 7541).
 *
 * @since 0.1.0
 * @category codes
 */
export const COMPRESSION_ERROR = 0x09

/**
 * The connection behind a CONNECT request was reset or closed abnormally.
 *
 * @since 0.1.0
 * @category codes
 */
export const CONNECT_ERROR = 0x0a

/**
 * The peer behaves in a way that costs too much.
 *
 * @since 0.1.0
 * @category codes
 */
export const ENHANCE_YOUR_CALM = 0x0b

/**
 * The transport does not meet the minimum security requirements.
 *
 * @since 0.1.0
 * @category codes
 */
export const INADEQUATE_SECURITY = 0x0c

/**
 * HTTP/1.1 has to be used instead.
 *
 * @since 0.1.0
 * @category codes
 */
export const HTTP_1_1_REQUIRED = 0x0d

const names: ReadonlyArray<string> = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED"
]

/**
 * The RFC's name of a code, or its number in hexadecimal where the RFC has none.
 *
 * @since 0.1.0
 * @category utils
 */
export const toName = (code: ErrorCode): string => names[code] ?? `0x${code.toString(16)}`
