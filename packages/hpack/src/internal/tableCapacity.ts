/**
 * The capacity of a decoder's dynamic table: what the peer may set it to by size updates, and when it has to (RFC 7541 sections 4.2 and
 * 6.3). Owned by one `Decoder`, which calls it at the beginning of each block.
 */
import { HpackError } from "../HpackError.js"
import type { BlockReader } from "./blockReader.js"
import type { DynamicTable } from "./dynamicTable.js"

export class TableCapacity {
  /** What the next block must lower the capacity to or below, or -1 (RFC 7541 section 4.2). */
  private requiredReduction: number = -1

  constructor(
    private readonly table: DynamicTable,
    /** What the peer may raise the capacity to (RFC 7541 section 6.3). */
    private limit: number
  ) {}

  /** Sets the limit; returns whether that is another one. */
  setLimit(limit: number): boolean {
    if (limit === this.limit) {
      return false
    }
    this.limit = limit
    if (limit < this.table.capacity && (this.requiredReduction === -1 || limit < this.requiredReduction)) {
      this.requiredReduction = limit
    }
    return true
  }

  /**
   * Reads the size updates, which come before anything else in a block (RFC 7541 section 4.2), and follows them; returns whether the capacity
   * has changed. There are at most two of them unless the peer is odd; more do no harm.
   */
  readUpdates(reader: BlockReader): boolean {
    let changed = false
    while (reader.position < reader.end && (reader.bytes[reader.position]! & 0xe0) === 0x20) {
      const size = reader.integer(0x1f)
      if (size > this.limit) {
        throw new HpackError(
          "InvalidTableSizeUpdate",
          "6.3",
          `dynamic table size update to ${size} exceeds the limit of ${this.limit}`
        )
      }
      if (this.requiredReduction !== -1 && size <= this.requiredReduction) {
        this.requiredReduction = -1
      }
      if (size !== this.table.capacity) {
        changed = true
        this.table.setCapacity(size)
      }
    }
    if (this.requiredReduction !== -1) {
      throw new HpackError(
        "InvalidTableSizeUpdate",
        "4.2",
        `dynamic table size update to ${this.requiredReduction} or less is missing`
      )
    }
    return changed
  }
}
