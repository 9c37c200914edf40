/**
 * The one error that the encoder and the decoder throw.
 *
 * From a decoder it means that the peer broke the format. The compression context is then lost for good, so HTTP/2 ends
 * the connection with COMPRESSION_ERROR (RFC 9113 section 4.3) and the decoder must not be used again. From an encoder it
 * means that a field cannot be written, and the encoder is as it was before.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/hpack/HpackError")

/**
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * What went wrong.
 *
 * - `TruncatedBlock`: the block ends inside a representation
 * - `InvalidIndex`: an index of 0, or beyond both tables
 * - `IntegerOverflow`: an integer above 2^31-1, or with more than five continuation octets
 * - `InvalidHuffman`: bad padding, or the EOS symbol inside a string
 * - `InvalidTableSizeUpdate`: too large, not at the start of a block, or missing after a reduction
 * - `InvalidCharacter`: a character above U+00FF was to be encoded
 *
 * @since 0.1.0
 * @category models
 */
export type HpackErrorReason =
  | "TruncatedBlock"
  | "InvalidIndex"
  | "IntegerOverflow"
  | "InvalidHuffman"
  | "InvalidTableSizeUpdate"
  | "InvalidCharacter"

/**
 * @since 0.1.0
 * @category errors
 */
export class HpackError extends Error {
  readonly [TypeId]: TypeId = TypeId
  readonly _tag = "HpackError"
  override readonly name = "HpackError"
  /**
   * What went wrong, for programs.
   */
  readonly reason: HpackErrorReason
  /**
   * The section of RFC 7541 that was broken, such as `"5.1"`; the message ends with it.
   */
  readonly section: string

  constructor(reason: HpackErrorReason, section: string, detail: string) {
    super(`${detail} (RFC 7541 §${section})`)
    this.reason = reason
    this.section = section
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHpackError = (u: unknown): u is HpackError => typeof u === "object" && u !== null && TypeId in u
