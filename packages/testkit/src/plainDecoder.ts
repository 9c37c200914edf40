/**
 * A decoder of field blocks (RFC 7541) that is as plain as the text of the RFC, and as slow: what the one under test is compared with. It shares
 * nothing with it but the code of Huffman.
 */
import * as Huffman from "@effect-http2/hpack/Huffman"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import { type Pair, type Pairs, staticTable } from "./fieldBlock.js"
import { toText } from "./octets.js"

class Broken extends Error {}

const most = 2 ** 31 - 1

const sizeOf = ([name, value]: Pair): number => name.length + value.length + 32

export class PlainDecoder {
  /** Newest first. */
  entries: Array<Pair> = []
  private capacity = 4096
  private required = -1
  private octets: Uint8Array = new Uint8Array(0)
  private at = 0

  constructor(private limit = 4096) {}

  get size(): number {
    return this.entries.reduce((size, entry) => size + sizeOf(entry), 0)
  }

  setLimit(limit: number): void {
    this.limit = limit
    if (limit < this.capacity && (this.required < 0 || limit < this.required)) this.required = limit
  }

  /** The fields, undefined where the block is broken. */
  decode(block: Uint8Array): Pairs | undefined {
    this.octets = block
    this.at = 0
    try {
      return this.block()
    } catch (error) {
      if (error instanceof Broken || isHpackError(error)) return undefined
      throw error
    }
  }

  private get octet(): number {
    const octet = this.octets[this.at]
    if (octet === undefined) throw new Broken("the block ends")
    return octet
  }

  private block(): Pairs {
    const pairs: Array<Pair> = []
    while (this.at < this.octets.length && (this.octet & 0xe0) === 0x20) this.resize(this.integer(5))
    if (this.required >= 0) throw new Broken("no size update")
    while (this.at < this.octets.length) {
      const { octet } = this
      if ((octet & 0x80) !== 0) pairs.push(this.entry(this.integer(7)))
      else if ((octet & 0x40) !== 0) {
        const pair = this.literal(6)
        pairs.push(pair)
        this.entries.unshift(pair)
        this.evict()
      } else if ((octet & 0x20) !== 0) throw new Broken("a size update behind a field")
      else pairs.push(this.literal(4))
    }
    return pairs
  }

  private resize(size: number): void {
    if (size > this.limit) throw new Broken("too large a table")
    if (size <= this.required) this.required = -1
    this.capacity = size
    this.evict()
  }

  private evict(): void {
    while (this.size > this.capacity) this.entries.pop()
  }

  /** §5.1; what exceeds 31 bits, or five octets behind the first, is refused. */
  private integer(bits: number): number {
    const mask = (1 << bits) - 1
    let value = this.octet & mask
    this.at++
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      if (shift > 28) throw new Broken("too long an integer")
      const { octet } = this
      this.at++
      value += (octet & 0x7f) * 2 ** shift
      if (value > most) throw new Broken("too large an integer")
      if ((octet & 0x80) === 0) return value
    }
  }

  private entry(index: number): Pair {
    const pair = index === 0 ? undefined : (staticTable[index - 1] ?? this.entries[index - staticTable.length - 1])
    if (pair === undefined) throw new Broken("no such entry")
    return pair
  }

  private literal(bits: number): Pair {
    const index = this.integer(bits)
    const name = index === 0 ? this.string() : this.entry(index)[0]
    return [name, this.string()]
  }

  private string(): string {
    const isCoded = (this.octet & 0x80) !== 0
    const length = this.integer(7)
    const end = this.at + length
    if (end > this.octets.length) throw new Broken("too short a block")
    const octets = this.octets.subarray(this.at, end)
    this.at = end
    return isCoded ? Huffman.decode(octets) : toText(octets)
  }
}
