/**
 * The error codes of RST_STREAM and GOAWAY (RFC 9113 §7). A peer may send a code that is not listed here; it is kept as the number it is.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/ErrorCode"
