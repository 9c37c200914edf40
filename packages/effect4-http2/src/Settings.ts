/**
 * The settings of RFC 9113 §6.5.2: their identifiers, initial values and bounds.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Settings"
