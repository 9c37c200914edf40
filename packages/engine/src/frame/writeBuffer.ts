/**
 * The octets of one write: small frames copied into a slab, large bodies by reference between slices of it, all handed to the transport at once.
 * Called by the outbox.
 */
import { Flag, Type } from "../Frame.js"
import { type Counts, unseen } from "../Meter.js"
import type { Output } from "../Output.js"
import { emptyOctets } from "../octets.js"
import { writeFrameHeader } from "./frameEncoder.js"
import { Slabs } from "./slabs.js"

const { PADDED } = Flag
const { DATA } = Type
/** Up to this many octets a body is copied behind its frame's header; above, it goes by reference. */
const copyUpTo = 4096

/** For transports that make no memory of their own. */
const slabs = new Slabs((size) => new Uint8Array(size))

export class WriteBuffer {
  /** Borrowed, while there is something to be written. */
  private slab: Uint8Array = emptyOctets
  /** Where the octets that are not in `parts` begin, and where they end. */
  private start = 0
  private position = 0
  private parts: Array<Uint8Array> = []
  /** Octets in `parts`. */
  private partsLength = 0

  private readonly memory: Output["memory"]

  constructor(
    private readonly output: Output,
    /** The frames that were written, by type. */
    readonly counts: Counts = unseen().framesSent
  ) {
    this.memory = output.memory
  }

  private borrow(size: number): Uint8Array {
    return this.memory === undefined ? slabs.take(size) : this.memory.borrow(size)
  }

  private giveBack(): void {
    const { memory, slab } = this
    this.slab = emptyOctets
    this.start = 0
    this.position = 0
    if (slab.length === 0) return
    if (memory === undefined) slabs.give(slab)
    else memory.giveBack(slab)
  }

  /** `octets` as the transport likes them. */
  view(octets: Uint8Array): Uint8Array {
    return this.memory === undefined ? octets : this.memory.view(octets)
  }

  /** Octets that wait for the next write. */
  get length(): number {
    return this.partsLength + this.position - this.start
  }

  /** Where `octets` may be written, contiguous; `commit` says how many were. */
  reserve(octets: number): number {
    if (this.position + octets > this.slab.length) {
      this.cut()
      this.slab = this.borrow(octets)
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
    this.counts.add(type)
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
    this.counts.add(type)
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
    this.counts.add(DATA)
    this.cut()
    this.parts.push(header, payload)
    this.partsLength += header.length + payload.length
  }

  /** The header of a frame, by itself. */
  header(length: number, type: number, flags: number, streamId: number): Uint8Array {
    const octets = this.memory === undefined ? new Uint8Array(9) : this.memory.view(new Uint8Array(9))
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
    // The slab goes to others only when the transport is done with it; what is left of it serves the next writes until then.
    if (this.output.write(parts)) this.giveBack()
  }

  /** The transport is done with all that was written. */
  rest(): void {
    if (this.length === 0) this.giveBack()
  }
}
