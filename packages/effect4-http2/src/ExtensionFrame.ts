/**
 * The frames of HTTP/2's extensions as values: ALTSVC (RFC 7838 §4), ORIGIN (RFC 8336 §2), PRIORITY_UPDATE (RFC 9218 §7.1). Members of `Frame.Frame`.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/ExtensionFrame"
