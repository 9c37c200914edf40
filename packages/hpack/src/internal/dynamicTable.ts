/**
 * The dynamic table: a first-in, first-out list of fields, bounded in size (RFC 7541 sections 2.3.2 and 4). The decoder
 * uses it as it is; the encoder wraps it in `encoderTable.ts`, which finds entries by name and value.
 *
 * A ring whose length is a power of two. It starts small and grows with the number of entries, which the capacity bounds:
 * each entry counts for at least 32 octets.
 *
 * Invariants: `size` is the sum of the entries' sizes; `size <= capacity`; the entry inserted as number n is at
 * `ring[n & mask]`; slots that hold no entry hold `none`.
 */
import { HeaderField } from "../HeaderField.js"

const none = /*#__PURE__*/ new HeaderField("", "")
const initialSlots = 16

/** The ring of every table that nothing was inserted into yet: never written to. */
const empty: Array<HeaderField> = []

export class DynamicTable {
  /** The maximum size in force, in octets (RFC 7541 section 4.2). */
  capacity: number
  /** Sum of the sizes of the entries (RFC 7541 section 4.1). */
  size: number = 0
  length: number = 0
  /** Entries inserted so far, which is the number that the next one will have. */
  inserted: number = 0
  private ring: Array<HeaderField> = empty
  private mask: number = -1

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** The number of the oldest entry, or of the next one where there is none. */
  get oldest(): number {
    return this.inserted - this.length
  }

  /** The entry that was inserted as the given number, which the caller knows to be there. */
  entry(number: number): HeaderField {
    return this.ring[number & this.mask]!
  }

  /** Whether an entry of this size can be inserted without evicting. */
  hasRoomFor(size: number): boolean {
    return this.size + size <= this.capacity
  }

  /** Changes the maximum size and evicts down to it (RFC 7541 section 4.3). */
  setCapacity(capacity: number): void {
    this.capacity = capacity
    while (this.size > capacity) {
      this.evict()
    }
  }

  /**
   * Evicts until the field fits and inserts it. One that is larger than the capacity empties the table, which is not an
   * error (RFC 7541 section 4.4). Returns whether the table changed.
   */
  insert(field: HeaderField): boolean {
    if (field.size > this.capacity) {
      return this.clear()
    }
    while (!this.hasRoomFor(field.size)) {
      this.evict()
    }
    this.push(field)
    return true
  }

  /** Evicts everything; returns whether there was anything. */
  clear(): boolean {
    const changed = this.length > 0
    while (this.length > 0) {
      this.evict()
    }
    return changed
  }

  /** Drops the oldest entry and returns it; the caller knows that there is one. */
  evict(): HeaderField {
    const slot = this.oldest & this.mask
    const field = this.ring[slot]!
    this.ring[slot] = none
    this.size -= field.size
    this.length--
    return field
  }

  /** Newest first, as they are indexed. */
  toArray(): Array<HeaderField> {
    const fields: Array<HeaderField> = []
    for (let number = this.inserted - 1; number >= this.oldest; number--) {
      fields.push(this.entry(number))
    }
    return fields
  }

  private push(field: HeaderField): void {
    if (this.length > this.mask) {
      this.grow()
    }
    this.ring[this.inserted & this.mask] = field
    this.inserted++
    this.length++
    this.size += field.size
  }

  private grow(): void {
    const mask = Math.max(this.mask * 2 + 1, initialSlots - 1)
    const ring = new Array<HeaderField>(mask + 1).fill(none)
    for (let number = this.oldest; number < this.inserted; number++) {
      ring[number & mask] = this.entry(number)
    }
    this.ring = ring
    this.mask = mask
  }
}
