/**
 * Header blocks to header lists (RFC 7541 sections 3 and 6). One decoder serves one direction of one connection, and must
 * be given every block of it, whole and in order, also those whose stream is of no interest any more.
 *
 * Whatever the input, `decode` throws nothing but `HpackError`, takes time in proportion to the block, and keeps no more
 * than its limits allow.
 *
 * @since 0.1.0
 */
import { HeaderField, overhead } from "./HeaderField.js"
import { HpackError } from "./HpackError.js"
import { BlockReader } from "./internal/blockReader.js"
import { DynamicTable } from "./internal/dynamicTable.js"
import { staticTable, staticTableLength } from "./internal/staticTable.js"
import { TableCapacity } from "./internal/tableCapacity.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface DecoderOptions {
  /**
   * The size in octets up to which the peer may use the dynamic table: the SETTINGS_HEADER_TABLE_SIZE that it has
   * acknowledged. Default 4096, which in HTTP/2 holds until the peer acknowledges another; make the decoder with it and
   * call `setHeaderTableSize` at the acknowledgment. The table starts with this capacity, though with no more than 4096:
   * a peer that wants more says so with a size update.
   */
  readonly headerTableSize?: number
  /**
   * Most octets in a decoded list, each field counting for its name, its value and 32. Default 32768.
   */
  readonly maxHeaderListSize?: number
  /**
   * Most fields in a decoded list. Octets bound it first, 32 of them for each field: by default there are 1,024 at most. Default 2000.
   */
  readonly maxHeaderFields?: number
}

/**
 * What a block decoded to.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodedBlock {
  /**
   * The fields in order; where a limit was passed, those before the field that passed it.
   */
  readonly fields: Array<HeaderField>
  /**
   * Size in octets of all the fields in the block, kept or not, each with its 32.
   */
  readonly size: number
  /**
   * The limit that was passed first: `maxHeaderListSize` or `maxHeaderFields`. The decoder remains usable.
   */
  readonly overflow: "none" | "size" | "count"
}

const defaultHeaderTableSize = 4096
const defaultMaxHeaderListSize = 32768
const defaultMaxHeaderFields = 2000

/** Stands where no list is being decoded; never pushed to. */
const noFields: Array<HeaderField> = []

/**
 * @since 0.1.0
 * @category models
 */
export class Decoder {
  /**
   * Increases whenever anything changed that a later block's meaning depends on: the dynamic table, its capacity, its
   * limit, or the list's. At one generation the same octets decode to the same list, provided that decoding them did not change it.
   */
  generation: number = 0

  private maxHeaderListSize: number
  private readonly maxHeaderFields: number
  private readonly table: DynamicTable
  private readonly reader: BlockReader = new BlockReader()
  private readonly capacity: TableCapacity

  // the list being decoded
  private fields: Array<HeaderField> = noFields
  private size: number = 0
  private overflow: DecodedBlock["overflow"] = "none"

  constructor(options?: DecoderOptions) {
    const tableSizeLimit = options?.headerTableSize ?? defaultHeaderTableSize
    this.maxHeaderListSize = options?.maxHeaderListSize ?? defaultMaxHeaderListSize
    this.maxHeaderFields = options?.maxHeaderFields ?? defaultMaxHeaderFields
    this.table = new DynamicTable(Math.min(tableSizeLimit, defaultHeaderTableSize))
    this.capacity = new TableCapacity(this.table, tableSizeLimit)
  }

  /**
   * Decodes the block that lies between `start` (default 0) and `end` (default the length). Nothing of `block` is kept.
   *
   * Throws `HpackError` where the block breaks the format; the table is then of no use, nor is this decoder.
   */
  decode(block: Uint8Array, start: number = 0, end: number = block.length): DecodedBlock {
    const reader = this.reader
    reader.open(block, start, Math.min(end, block.length))
    this.fields = []
    this.size = 0
    this.overflow = "none"
    if (this.capacity.readUpdates(reader)) {
      this.generation++
    }
    // in the order in which they appear (RFC 7541 section 3.2)
    while (reader.position < reader.end) {
      const octet = block[reader.position]!
      if (octet >= 0x80) {
        this.append(this.fieldAt(reader.integer(0x7f)))
      } else if (octet >= 0x40) {
        this.readIndexedLiteral()
      } else if (octet >= 0x20) {
        throw new HpackError(
          "InvalidTableSizeUpdate",
          "4.2",
          "dynamic table size update after the start of a header block"
        )
      } else {
        this.readLiteral(octet >= 0x10)
      }
    }
    reader.close()
    const fields = this.fields
    this.fields = noFields
    return { fields, size: this.size, overflow: this.overflow }
  }

  /**
   * Sets the limit that the peer must respect, at the moment when it acknowledged the setting. Where this is lower than
   * what the peer uses, its next block must begin with a size update (RFC 7541 section 4.2), and the table shrinks then.
   */
  setHeaderTableSize(size: number): void {
    if (this.capacity.setLimit(size)) {
      this.generation++
    }
  }

  /** Sets what a decoded list may have, from the next block on. */
  setMaxHeaderListSize(size: number): void {
    if (size !== this.maxHeaderListSize) this.generation++
    this.maxHeaderListSize = size
  }

  /**
   * Size in octets of the entries in the dynamic table (RFC 7541 section 4.1).
   */
  get dynamicTableSize(): number {
    return this.table.size
  }

  /**
   * Number of entries in the dynamic table.
   */
  get dynamicTableLength(): number {
    return this.table.length
  }

  /**
   * The entries of the dynamic table, newest first, as a copy: for inspection.
   */
  get entries(): ReadonlyArray<HeaderField> {
    return this.table.toArray()
  }

  private fieldAt(index: number): HeaderField {
    if (index <= staticTableLength) {
      if (index === 0) {
        throw new HpackError("InvalidIndex", "6.1", "index 0 is not used")
      }
      return staticTable[index]!
    }
    const table = this.table
    if (index - staticTableLength > table.length) {
      throw new HpackError("InvalidIndex", "2.3.3", `index ${index} is beyond the static and the dynamic table`)
    }
    return table.entry(table.inserted + staticTableLength - index)
  }

  /**
   * Counts a field and keeps it where the limits allow.
   *
   * CVE-2016-6581, CVE-2026-49975, CVE-2026-47774 (HPACK bombs: an octet that refers to a large entry, thousands of octets
   * that refer to small ones): the list is bounded in octets and in fields while it is being decoded.
   */
  private append(field: HeaderField): void {
    if (this.count(field.size)) {
      this.fields.push(field)
    }
  }

  /** Counts a field of this size; whether it is within the limits. */
  private count(size: number): boolean {
    this.size += size
    if (this.overflow !== "none") {
      return false
    }
    if (this.size > this.maxHeaderListSize) {
      this.overflow = "size"
      return false
    }
    if (this.fields.length >= this.maxHeaderFields) {
      this.overflow = "count"
      return false
    }
    return true
  }

  /** Octets of name and value that the list can still take in one field; negative where it takes no field at all. */
  private remaining(): number {
    return this.overflow === "none" && this.fields.length < this.maxHeaderFields
      ? this.maxHeaderListSize - this.size - overhead
      : -1
  }

  /** Literal with incremental indexing (RFC 7541 section 6.2.1). */
  private readIndexedLiteral(): void {
    // what is beyond both the list and the table is not built
    const limit = Math.max(this.remaining(), this.table.capacity - overhead)
    const field = this.readField(0x3f, limit, false)
    if (field !== undefined) {
      this.append(field)
    }
    // one that was not built is too large for the table and empties it (RFC 7541 section 4.4)
    if (field === undefined ? this.table.clear() : this.table.insert(field)) {
      this.generation++
    }
  }

  /** Literal without indexing, or never indexed (RFC 7541 sections 6.2.2 and 6.2.3). */
  private readLiteral(sensitive: boolean): void {
    const field = this.readField(0x0f, this.remaining(), sensitive)
    if (field !== undefined) {
      this.append(field)
    }
  }

  /** Reads a literal's name and value; where they are beyond `limit`, only counts the field. */
  private readField(prefixMask: number, limit: number, sensitive: boolean): HeaderField | undefined {
    const reader = this.reader
    const index = reader.integer(prefixMask)
    const name = index === 0 ? reader.name(limit) : this.fieldAt(index).name
    const nameLength = name === undefined ? reader.length : name.length
    const value = reader.string(limit - nameLength)
    if (name === undefined || value === undefined) {
      this.count(nameLength + reader.length + overhead)
      return undefined
    }
    return new HeaderField(name, value, sensitive)
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: DecoderOptions): Decoder => new Decoder(options)
