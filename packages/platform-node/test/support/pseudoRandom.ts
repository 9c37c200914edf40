/** Octets that look random and are the same for the same seed, at the speed of AES: what large transfers send, and are compared with. */
import * as Stream from "effect/Stream"
import { createCipheriv, createHash } from "node:crypto"
import type { Cipher } from "node:crypto"

const zeros = Buffer.alloc(65_536)

export class PseudoRandom {
  private readonly cipher: Cipher
  /** Octets that were given out. */
  position = 0

  constructor(seed: number) {
    const key = createHash("md5").update(String(seed)).digest()
    this.cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16))
  }

  /** The next octets of the sequence. */
  next(length: number): Buffer {
    this.position += length
    if (length <= zeros.length) return this.cipher.update(zeros.subarray(0, length))
    return this.cipher.update(Buffer.alloc(length))
  }

  /** Whether `octets` are the next of the sequence; it goes on behind them. */
  matches(octets: Uint8Array): boolean {
    return this.next(octets.length).equals(octets)
  }
}

/** The first `length` octets of the sequence of `seed`. */
export const octets = (length: number, seed: number): Buffer => new PseudoRandom(seed).next(length)

/** The same as a Stream, made as it is pulled. */
export const stream = (length: number, seed: number, chunkSize = 65_536): Stream.Stream<Uint8Array> =>
  Stream.suspend(() => {
    const source = new PseudoRandom(seed)
    return Stream.repeatValue(undefined).pipe(
      Stream.takeWhile(() => source.position < length),
      Stream.map((): Uint8Array => source.next(Math.min(chunkSize, length - source.position)))
    )
  })

export const sha256 = (octets: Uint8Array): string => createHash("sha256").update(octets).digest("hex")
