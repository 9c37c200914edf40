/**
 * The octets of one write: small frames copied into a slab, large bodies by reference between slices of it, all handed to the transport at once.
 * Called by the outbox.
 */
import { Flag } from "../Frame.js"
import type { Output } from "../Output.js"
import { writeFrameHeader } from "./frameEncoder.js"

const { PADDED } = Flag
const slabSize = 65_536
/** Up to this many octets a body is copied behind its frame's header; above, it goes by reference. */
const copyUpTo = 4096

export class WriteBuffer {
  private slab: Uint8Array
  /** Where the octets that are not in `parts` begin, and where they end. */
  private start = 0
  private position = 0
  private parts: Array<Uint8Array> = []
  /** Octets in `parts`. */
  private partsLength = 0

  constructor(private readonly output: Output) {
    this.slab = this.allocate(slabSize)
  }

  private allocate(size: number): Uint8Array {
    return this.output.memory === undefined ? new Uint8Array(size) : this.output.memory.allocate(size)
  }

  /** `octets` as the transport likes them. */
  view(octets: Uint8Array): Uint8Array {
    return this.output.memory === undefined ? octets : this.output.memory.view(octets)
  }

  /** Octets that wait for the next write. */
  get length(): number {
    return this.partsLength + this.position - this.start
  }

  /** Where `octets` may be written, contiguous; `commit` says how many were. */
  reserve(octets: number): number {
    if (this.position + octets > this.slab.length) {
      this.cut()
      this.slab = this.allocate(Math.max(slabSize, octets))
      this.start = 0
      this.position = 0
    }
    return this.position
  }

  get octets(): Uint8Array {
    return this.slab
  }

  commit(end: number): void {
    this.position = end
  }

  /** A frame with its payload, which may not be changed any more. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const { length } = payload
    const isCopied = length <= copyUpTo
    const at = this.reserve(isCopied ? 9 + length : 9)
    writeFrameHeader(this.slab, at, length, type, flags, streamId)
    if (isCopied) {
      this.slab.set(payload, at + 9)
      this.position = at + 9 + length
      return
    }
    this.position = at + 9
    this.cut()
    this.parts.push(payload)
    this.partsLength += length
  }

  /** A frame with zeros behind its payload, and in front of it how many (§6.1). */
  paddedFrame(type: number, flags: number, streamId: number, payload: Uint8Array, padding: number): void {
    const { length } = payload
    const isCopied = length <= copyUpTo
    const at = this.reserve(10 + padding + (isCopied ? length : 0))
    writeFrameHeader(this.slab, at, 1 + length + padding, type, flags | PADDED, streamId)
    this.slab[at + 9] = padding
    this.position = at + 10
    if (isCopied) {
      this.slab.set(payload, this.position)
      this.position += length
    } else {
      this.cut()
      this.parts.push(payload)
      this.partsLength += length
    }
    // The slab has been written before.
    this.slab.fill(0, this.position, this.position + padding)
    this.position += padding
  }

  /** A large DATA frame by reference, with a header that was made before; neither may be changed any more. */
  dataFrame(header: Uint8Array, payload: Uint8Array): void {
    this.cut()
    this.parts.push(header, payload)
    this.partsLength += header.length + payload.length
  }

  /** The header of a frame, by itself. */
  header(length: number, type: number, flags: number, streamId: number): Uint8Array {
    const octets = this.allocate(9)
    writeFrameHeader(octets, 0, length, type, flags, streamId)
    return octets
  }

  /** Octets that are frames already. */
  raw(octets: Uint8Array): void {
    const at = this.reserve(octets.length)
    this.slab.set(octets, at)
    this.position = at + octets.length
  }

  private cut(): void {
    if (this.position === this.start) return
    this.parts.push(this.slab.subarray(this.start, this.position))
    this.partsLength += this.position - this.start
    this.start = this.position
  }

  /** One write of everything. */
  flush(): void {
    this.cut()
    if (this.parts.length === 0) return
    const parts = this.parts
    this.parts = []
    this.partsLength = 0
    // The slab is written over only when the transport is done with it.
    if (this.output.write(parts)) {
      this.start = 0
      this.position = 0
    }
  }
}
