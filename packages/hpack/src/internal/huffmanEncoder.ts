/**
 * Huffman coding of strings, the encoder's half (RFC 7541 section 5.2). Called by `stringWriter.ts` and the public
 * `Huffman` module.
 */
import { codeLengths, codes } from "./huffmanCode.js"

/** Codes longer than this do not fit into 32 bits behind up to seven bits left over. */
const longestInOneStep = 24

/**
 * Octets that `text` takes when coded, or -1 where a character is above U+00FF.
 */
export const huffmanLength = (text: string): number => {
  let bits = 0
  let seen = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    seen |= code
    bits += codeLengths[code & 0xff]!
  }
  return seen > 0xff ? -1 : (bits + 7) >>> 3
}

/**
 * Writes the coded `text` at `offset` and returns the offset behind it. The caller has checked the characters.
 */
export const writeHuffman = (text: string, buffer: Uint8Array, offset: number): number => {
  let pending = 0
  let pendingBits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    const code = codes[symbol]!
    let length = codeLengths[symbol]!
    if (length > longestInOneStep) {
      length -= 16
      pending = (pending << length) | (code >>> 16)
      pendingBits += length
      while (pendingBits >= 8) {
        pendingBits -= 8
        buffer[offset++] = pending >>> pendingBits
      }
      length = 16
      pending = (pending << 16) | (code & 0xffff)
    } else {
      pending = (pending << length) | code
    }
    pendingBits += length
    while (pendingBits >= 8) {
      pendingBits -= 8
      buffer[offset++] = pending >>> pendingBits
    }
  }
  if (pendingBits > 0) {
    // padded with the most significant bits of EOS, which are ones (RFC 7541 section 5.2)
    buffer[offset++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits)
  }
  return offset
}
