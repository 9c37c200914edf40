/**
 * The Huffman code of RFC 7541 (section 5.2, appendix B) by itself, for strings of octets. The encoder and the decoder do
 * not need it to be called; other formats that borrow the code do.
 *
 * @since 0.1.0
 */
import { decodeHuffman, maxDecodedLength, reserveScratch, scratch } from "./internal/huffmanDecoder.js"
import { huffmanLength, writeHuffman } from "./internal/huffmanEncoder.js"
import { fromOctets } from "./internal/latin1.js"
import { checkOctets } from "./internal/stringWriter.js"

/**
 * Octets that `text` takes when coded. Throws `HpackError` (`InvalidCharacter`) where a character is above U+00FF.
 *
 * @since 0.1.0
 * @category utils
 */
export const encodedLength = (text: string): number => {
  const length = huffmanLength(text)
  if (length === -1) {
    checkOctets(text)
  }
  return length
}

/**
 * Codes `text`, padding included. Throws `HpackError` (`InvalidCharacter`) where a character is above U+00FF.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (text: string): Uint8Array => {
  const bytes = new Uint8Array(encodedLength(text))
  writeHuffman(text, bytes, 0)
  return bytes
}

/**
 * Decodes the octets between `start` (default 0) and `end` (default the length). Throws `HpackError` (`InvalidHuffman`)
 * where they are not a coded string.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array, start: number = 0, end: number = bytes.length): string => {
  const last = Math.min(end, bytes.length)
  reserveScratch(maxDecodedLength(last - start))
  return fromOctets(scratch, 0, decodeHuffman(bytes, start, last))
}
