/**
 * The frames of RFC 9113 §6 as values. `Unknown` carries every type that is not defined there or in ExtensionFrame.ts; it is ignored by
 * the engine (§5.5).
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Frame"
