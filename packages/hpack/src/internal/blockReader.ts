/**
 * Reads the two primitive types, integers and strings, off a header block (RFC 7541 section 5). Owned by one `Decoder`,
 * which decides what they mean.
 *
 * No read goes beyond `end`, and nothing that a length claims is allocated before the octets are known to be there.
 */
import { HpackError } from "../HpackError.js"
import { truncated } from "./errors.js"
import { decodeHuffman, maxDecodedLength, reserveScratch, scratch } from "./huffmanDecoder.js"
import { fromOctets } from "./latin1.js"
import { lookUpName, rememberName } from "./nameCache.js"

const noOctets = new Uint8Array(0)

/** The fifth continuation octet, which has a weight of 2^28, is the last. */
const lastShift = 28
const maxInteger = 0x7fffffff

export class BlockReader {
  bytes: Uint8Array = noOctets
  position: number = 0
  end: number = 0
  /** Octets of the last string read, decoded, whether or not it was kept. */
  length: number = 0

  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  /** Lets go of the block, which its owner may reuse. */
  close(): void {
    this.bytes = noOctets
    this.position = 0
    this.end = 0
  }

  /**
   * Reads an integer whose prefix is as wide as `prefixMask` in the octet at the current position (RFC 7541 section 5.1).
   */
  integer(prefixMask: number): number {
    const bytes = this.bytes
    let value = bytes[this.position++]! & prefixMask
    if (value !== prefixMask) {
      return value
    }
    for (let shift = 0; shift <= lastShift; shift += 7) {
      if (this.position >= this.end) {
        throw truncated("5.1", "an integer")
      }
      const octet = bytes[this.position++]!
      // a product, since the fifth octet's shift would overflow 32 bits
      value += (octet & 0x7f) * 2 ** shift
      // limit in value: 2^31-1 (RFC 7541 section 5.1)
      if (value > maxInteger) {
        throw new HpackError("IntegerOverflow", "5.1", "integer exceeds 2^31-1")
      }
      if (octet < 0x80) {
        return value
      }
    }
    // limit in octets, against endless zeros: five after the prefix (RFC 7541 section 5.1)
    throw new HpackError("IntegerOverflow", "5.1", "integer has more than five continuation octets")
  }

  /**
   * Reads a string (RFC 7541 section 5.2). One of more than `limit` octets is read over, validated and measured, but not
   * built: the result is `undefined`, and `length` is set all the same.
   */
  string(limit: number): string | undefined {
    const huffman = this.isHuffman()
    const end = this.stringEnd()
    const start = this.position
    this.position = end
    return this.text(start, end, huffman, limit)
  }

  /**
   * Reads a string that is a name: as `string` does, but names are remembered.
   */
  name(limit: number): string | undefined {
    const huffman = this.isHuffman()
    const end = this.stringEnd()
    const start = this.position
    this.position = end
    const known = lookUpName(this.bytes, start, end, huffman)
    if (known !== undefined) {
      this.length = known.length
      return known
    }
    const name = this.text(start, end, huffman, limit)
    if (name !== undefined) {
      rememberName(this.bytes, start, end, huffman, name)
    }
    return name
  }

  private isHuffman(): boolean {
    if (this.position >= this.end) {
      throw truncated("5.2", "a field")
    }
    return this.bytes[this.position]! >= 0x80
  }

  private stringEnd(): number {
    const length = this.integer(0x7f)
    if (length > this.end - this.position) {
      throw truncated("5.2", "a string")
    }
    return this.position + length
  }

  private text(start: number, end: number, huffman: boolean, limit: number): string | undefined {
    if (!huffman) {
      this.length = end - start
      return this.length > limit ? undefined : fromOctets(this.bytes, start, end)
    }
    reserveScratch(Math.min(limit, maxDecodedLength(end - start)))
    this.length = decodeHuffman(this.bytes, start, end)
    return this.length > limit ? undefined : fromOctets(scratch, 0, this.length)
  }
}
