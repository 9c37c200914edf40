/**
 * A pseudo-random sequence for transfers of any length, which costs no memory of its own: slices of one block, which comes again and again.
 * The block is longer than every buffer and window on the way, and its length is a prime: what is lost, doubled or moved shows.
 */
import { createCipheriv, createHash } from "node:crypto"

const period = 4_194_319

const makeBlock = (seed: number): Buffer => {
  const key = createHash("md5").update(String(seed)).digest()
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(period))
}

export class Sequence {
  /** Octets that were given out or compared. */
  position = 0
  private readonly block: Buffer

  constructor(seed: number) {
    this.block = makeBlock(seed)
  }

  /** Up to `most` of the next octets. */
  next(most: number): Buffer {
    const start = this.position % period
    const slice = this.block.subarray(start, start + most)
    this.position += slice.length
    return slice
  }

  /** Whether `octets` are the next of the sequence; it goes on behind them. */
  matches(octets: Uint8Array): boolean {
    for (let offset = 0; offset < octets.length;) {
      const expected = this.next(octets.length - offset)
      if (!expected.equals(octets.subarray(offset, offset + expected.length))) return false
      offset += expected.length
    }
    return true
  }
}
