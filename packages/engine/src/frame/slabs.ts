/**
 * Slabs that frames are built in, lent to a connection while it has something to write: one that is at rest holds none. A few that are free are kept for
 * the whole process. Called by writeBuffer.ts, and by transports that make memory of their own kind.
 */

/** Octets of a slab. */
export const slabSize = 65_536

/** Free slabs that are kept. */
const spare = 16

export class Slabs {
  private readonly free: Array<Uint8Array> = []

  constructor(private readonly make: (size: number) => Uint8Array) {}

  /** `size` octets at least, their contents undefined. */
  take(size: number): Uint8Array {
    if (size > slabSize) return this.make(size)
    return this.free.pop() ?? this.make(slabSize)
  }

  /** `slab` is free. */
  give(slab: Uint8Array): void {
    if (slab.length === slabSize && this.free.length < spare) this.free.push(slab)
  }
}
