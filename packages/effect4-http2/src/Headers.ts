/**
 * The fields of a message as its user sees them: in order, names in lower case, without pseudo-header fields (RFC 9113 §8.2, RFC 9110 §5).
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Headers"
