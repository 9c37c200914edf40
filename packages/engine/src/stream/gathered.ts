/**
 * The octets of a body that is read to its end. Where content-length says how many come, they are copied into one array while they are warm, and what they
 * came in is soon free; else they are put together at the end. Called by the skins.
 */
import { concat } from "../octets.js"

/** Times as much as has come that memory is taken for: who announces a large body has to send some of it first. */
const ahead = 4

export class Gathered {
  private parts: Array<Uint8Array> = []
  private target: Uint8Array | undefined = undefined
  /** Octets that were added. */
  length = 0

  constructor(
    /** Octets that will come, which the engine holds the peer to; -1 where it is not known. */
    private readonly announced: number
  ) {}

  add(part: Uint8Array): void {
    if (this.target === undefined) this.parts.push(part)
    else this.target.set(part, this.length)
    this.length += part.length
    if (this.target === undefined && this.length < this.announced && this.length * ahead >= this.announced) this.open()
  }

  private open(): void {
    this.target = new Uint8Array(this.announced)
    let at = 0
    for (const part of this.parts) {
      this.target.set(part, at)
      at += part.length
    }
    this.parts = []
  }

  /** All that was added, once no more will come. */
  get whole(): Uint8Array {
    return this.target ?? concat(this.parts)
  }
}
