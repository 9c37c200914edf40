/**
 * Counters of what connections do: plain numbers, written by the engine as it goes, read by whoever wants to know. Give one to several
 * connections to have their sum.
 *
 * @since 0.1.0
 */
export * from "@effect-http2/engine/Http2Stats"
