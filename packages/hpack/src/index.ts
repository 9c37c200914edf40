/**
 * HPACK, header compression for HTTP/2 (RFC 7541).
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as Decoder from "./Decoder.js"

/**
 * @since 0.1.0
 */
export * as Encoder from "./Encoder.js"

/**
 * @since 0.1.0
 */
export * as HeaderField from "./HeaderField.js"

/**
 * @since 0.1.0
 */
export * as HpackError from "./HpackError.js"

/**
 * @since 0.1.0
 */
export * as Huffman from "./Huffman.js"
