/**
 * Huffman coding of strings, the decoder's half (RFC 7541 section 5.2). Called by `blockReader.ts` and the public
 * `Huffman` module.
 *
 * A state machine that takes a whole octet a step. Its states are the inner nodes of the code tree, that is, the bits of a
 * code begun and not finished; an octet finishes at most two codes, since none is shorter than five bits. One `Int32Array`
 * holds, per state and octet, the next state, how many symbols to emit (0 to 2) and which.
 *
 * The decoded octets go to a scratch area that all decoders share: decoding is synchronous, and its result is copied into
 * a string before anybody else can run. The area is addressed modulo its size, so that a string which is longer than
 * anyone wants is still validated and measured, in bounded memory, and nothing is written out of bounds.
 */
import { HpackError } from "../HpackError.js"
import { codeLengths, codes, endOfString } from "./huffmanCode.js"

/** States 0 to 7 have seen that many ones since the last symbol: where a string may end. */
const longestPadding = 7

const invalid = -1
const emitsOne = 1 << 8
const emitsTwo = 1 << 9
const firstSymbolShift = 10
const secondSymbolShift = 18

/**
 * The code tree: `children[2 * node + bit]` is the next inner node, or the complement of a symbol. The nodes along the path
 * of ones come first, so that a state's number tells whether it is padding.
 */
const makeTree = (): Int32Array => {
  const children = new Int32Array(2 * endOfString)
  let nodes = longestPadding + 1
  for (let node = 0; node < longestPadding; node++) {
    children[2 * node + 1] = node + 1
  }
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    const code = codes[symbol]!
    let node = 0
    for (let bit = codeLengths[symbol]! - 1; bit > 0; bit--) {
      const edge = 2 * node + ((code >>> bit) & 1)
      if (children[edge] === 0) {
        children[edge] = nodes++
      }
      node = children[edge]!
    }
    children[2 * node + (code & 1)] = ~symbol
  }
  return children
}

/** The transition of four bits, which finish at most one code. */
const makeHalf = (tree: Int32Array, state: number, bits: number): number => {
  let node = state
  let entry = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = tree[2 * node + ((bits >>> bit) & 1)]!
    if (next >= 0) {
      node = next
    } else if (~next === endOfString) {
      return invalid
    } else {
      entry = emitsOne | (~next << firstSymbolShift)
      node = 0
    }
  }
  return entry | node
}

/** Two transitions of four bits as one of eight. */
const join = (first: number, second: number): number => {
  if (first === invalid || second === invalid) {
    return invalid
  }
  if ((first & emitsOne) === 0 || (second & emitsOne) === 0) {
    // the state in the low octet is the second's; symbol and flag are whosever there are
    return (first & ~0xff) | second
  }
  const symbol = (second >>> firstSymbolShift) & 0xff
  return (first & ~0xff) | emitsTwo | (symbol << secondSymbolShift) | (second & 0xff)
}

const makeTransitions = (): Int32Array => {
  const tree = makeTree()
  const halves = new Int32Array(256 * 16)
  for (let i = 0; i < halves.length; i++) {
    halves[i] = makeHalf(tree, i >>> 4, i & 0xf)
  }
  const result = new Int32Array(256 * 256)
  for (let i = 0; i < result.length; i++) {
    const first = halves[i >>> 4]!
    result[i] = join(first, halves[((first & 0xff) << 4) | (i & 0xf)]!)
  }
  return result
}

const transitions = /*#__PURE__*/ makeTransitions()

/**
 * Holds the octets of the last string decoded, as far as it was made large enough by `reserveScratch`.
 */
export let scratch = new Uint8Array(1024)

/**
 * Most octets that `length` coded octets decode to: no code is shorter than five bits.
 */
export const maxDecodedLength = (length: number): number => Math.floor((length * 8) / 5)

/**
 * Makes the scratch area hold at least `length` octets.
 */
export const reserveScratch = (length: number): void => {
  if (length > scratch.length) {
    let size = scratch.length
    while (size < length) {
      size *= 2
    }
    scratch = new Uint8Array(size)
  }
}

/**
 * Decodes the octets from `start` to `end` into the scratch area and returns how many octets came out. Where that is more
 * than the area holds, its content is meaningless but the number is right.
 */
export const decodeHuffman = (bytes: Uint8Array, start: number, end: number): number => {
  const output = scratch
  const mask = output.length - 1
  let length = 0
  let state = 0
  for (let i = start; i < end; i++) {
    const entry = transitions[(state << 8) | bytes[i]!]!
    if ((entry & emitsOne) !== 0) {
      if (entry === invalid) {
        throw new HpackError("InvalidHuffman", "5.2", "Huffman-encoded string contains the EOS symbol")
      }
      output[length++ & mask] = entry >>> firstSymbolShift
      if ((entry & emitsTwo) !== 0) {
        output[length++ & mask] = entry >>> secondSymbolShift
      }
    }
    state = entry & 0xff
  }
  if (state > longestPadding) {
    throw new HpackError("InvalidHuffman", "5.2", "Huffman padding is longer than 7 bits or is not a prefix of EOS")
  }
  return length
}
