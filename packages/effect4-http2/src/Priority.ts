/**
 * The priority of a response (RFC 9218): its parameters, and the value of the Priority field and of PRIORITY_UPDATE frames.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Priority"
