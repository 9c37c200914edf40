/**
 * Writes strings (RFC 7541 section 5.2), Huffman-encoded where that is strictly shorter. Called by `Encoder.ts`.
 */
import { invalidCharacter } from "./errors.js"
import { huffmanLength, writeHuffman } from "./huffmanEncoder.js"
import { writeInteger } from "./integer.js"
import { writeOctets } from "./latin1.js"

/**
 * Throws where a character of `text` is not an octet.
 */
export const checkOctets = (text: string): void => {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) {
      throw invalidCharacter(text, i)
    }
  }
}

/**
 * Writes `text` at `offset` and returns the offset behind it; throws where a character is not an octet.
 */
export const writeString = (text: string, huffman: boolean, buffer: Uint8Array, offset: number): number => {
  const length = huffmanLength(text)
  if (length === -1) {
    checkOctets(text)
  }
  if (huffman && length < text.length) {
    return writeHuffman(text, buffer, writeInteger(buffer, offset, 0x80, 0x7f, length))
  }
  return writeOctets(text, buffer, writeInteger(buffer, offset, 0, 0x7f, text.length))
}
