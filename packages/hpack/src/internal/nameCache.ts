/**
 * Remembers names that arrived as literals, by their octets on the wire, so that a name met again costs neither Huffman
 * decoding nor a new string. Called by `blockReader.ts`.
 *
 * One direct-mapped cache serves all connections: it is small, its size is fixed, and a peer that fills it with rubbish
 * costs others a little speed at most. It holds names only. Values may be secrets, and a cache that connections share
 * would tell one peer, by its timing, what another one sent.
 */
const slots = 256

/** Octets on the wire of the longest name kept. */
const longestName = 48

class CachedName {
  readonly wire: Uint8Array
  readonly huffman: boolean
  readonly name: string
  constructor(wire: Uint8Array, huffman: boolean, name: string) {
    this.wire = wire
    this.huffman = huffman
    this.name = name
  }
}

const empty = /*#__PURE__*/ new CachedName(new Uint8Array(0), false, "")
const cache: Array<CachedName> = /*#__PURE__*/ new Array<CachedName>(slots).fill(empty)

const slotOf = (bytes: Uint8Array, start: number, end: number): number => {
  let hash = end - start
  for (let i = start; i < end; i++) {
    hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (slots - 1)
}

const matches = (cached: CachedName, bytes: Uint8Array, start: number, end: number, huffman: boolean): boolean => {
  const wire = cached.wire
  if (cached.huffman !== huffman || wire.length !== end - start) {
    return false
  }
  for (let i = 0; i < wire.length; i++) {
    if (wire[i] !== bytes[start + i]) {
      return false
    }
  }
  return true
}

/**
 * The name that these octets on the wire stand for, if it is remembered.
 */
export const lookUpName = (bytes: Uint8Array, start: number, end: number, huffman: boolean): string | undefined => {
  if (end - start > longestName) {
    return undefined
  }
  const cached = cache[slotOf(bytes, start, end)]
  return cached !== undefined && matches(cached, bytes, start, end, huffman) ? cached.name : undefined
}

/**
 * Remembers what these octets on the wire stand for, which the caller has decoded without an error.
 */
export const rememberName = (bytes: Uint8Array, start: number, end: number, huffman: boolean, name: string): void => {
  if (end - start <= longestName) {
    cache[slotOf(bytes, start, end)] = new CachedName(new Uint8Array(bytes.subarray(start, end)), huffman, name)
  }
}
