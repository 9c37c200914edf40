/**
 * The Huffman code as data (RFC 7541 section 5.2, appendix B). `huffmanEncoder.ts` and `huffmanDecoder.ts` build on it.
 *
 * The code is canonical: symbols sorted by length, then by value, take consecutive codes. So the lengths say it all, and
 * the codes are computed from them here; a test compares them with the appendix.
 */

/**
 * The symbol that ends a string, which never travels whole: its most significant bits are the padding.
 */
export const endOfString = 256

/**
 * Bits in the code of each symbol, by symbol; the last is EOS.
 */
// prettier-ignore
export const codeLengths = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30
)

const longestCode = 30

const makeCodes = (): Uint32Array => {
  const result = new Uint32Array(codeLengths.length)
  let code = 0
  for (let length = 1; length <= longestCode; length++) {
    for (let symbol = 0; symbol < codeLengths.length; symbol++) {
      if (codeLengths[symbol] === length) {
        result[symbol] = code++
      }
    }
    code <<= 1
  }
  return result
}

/**
 * The code of each symbol, aligned to the least significant bit, by symbol.
 */
export const codes = /*#__PURE__*/ makeCodes()
