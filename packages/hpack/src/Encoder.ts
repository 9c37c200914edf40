/**
 * Header lists to header blocks (RFC 7541 section 6). One encoder serves one direction of one connection, and its blocks
 * must be sent in the order in which they were encoded, all of them.
 *
 * Fields are matched against both tables. What is in neither becomes a literal: indexed, not indexed or never indexed by
 * the policy in `internal/knownNames.ts`. Sensitive fields are never-indexed literals always.
 *
 * @since 0.1.0
 */
import type { HeaderField, HeaderList } from "./HeaderField.js"
import { EncoderTable } from "./internal/encoderTable.js"
import { maxIntegerLength, writeInteger } from "./internal/integer.js"
import type { KnownName } from "./internal/knownNames.js"
import {
  knownNames,
  policyCookie,
  policyIndexed,
  policyLiteral,
  policyNever,
  policyRecurring,
  shortCookie
} from "./internal/knownNames.js"
import { RecentValues } from "./internal/recentValues.js"
import { checkOctets, writeString } from "./internal/stringWriter.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface EncoderOptions {
  /**
   * The size in octets that the peer allows: its SETTINGS_HEADER_TABLE_SIZE. Default 4096, which in HTTP/2 holds until the
   * peer's SETTINGS say otherwise.
   */
  readonly headerTableSize?: number
  /**
   * Most octets that this side uses, whatever the peer allows. Default 4096.
   */
  readonly maxHeaderTableSize?: number
  /**
   * Whether strings are Huffman-encoded where that makes them strictly shorter. Default true.
   */
  readonly huffman?: boolean
}

/** The capacity that a peer starts from (RFC 9113 section 6.5.2). */
const initialHeaderTableSize = 4096
const defaultMaxHeaderTableSize = 4096

/** Most octets that a field takes beyond its own: index, and the length of name and value. */
const maxFieldOverhead = 3 * maxIntegerLength
const maxTableSizeUpdates = 2 * maxIntegerLength

/** Blocks are put together here, and copied out; longer ones have a buffer of their own. */
const scratch = /*#__PURE__*/ new Uint8Array(16384)

const literalIndexed = 0x40
const literalPlain = 0x00
const literalNever = 0x10

/**
 * @since 0.1.0
 * @category models
 */
export class Encoder {
  /**
   * Increases whenever anything changed that a later block's octets depend on: the dynamic table, or a size update that is
   * due. At one generation the same list encodes to the same octets, provided that encoding it did not change it.
   */
  generation: number = 0

  private readonly maxHeaderTableSize: number
  private readonly huffman: boolean
  private readonly dynamic: EncoderTable
  private readonly recentValues: RecentValues = new RecentValues()
  /** The capacity that the peer's decoder has, as far as blocks have told it. */
  private signalled: number = initialHeaderTableSize
  /** The lowest capacity since the last block (RFC 7541 section 4.2). */
  private lowest: number
  /** Whether the fields from the current one to the last are known to hold octets only. */
  private checked: boolean = false

  constructor(options?: EncoderOptions) {
    this.maxHeaderTableSize = options?.maxHeaderTableSize ?? defaultMaxHeaderTableSize
    this.huffman = options?.huffman ?? true
    // never above what the peer allows (RFC 7541 section 4.2)
    this.lowest = Math.min(options?.headerTableSize ?? initialHeaderTableSize, this.maxHeaderTableSize)
    this.dynamic = new EncoderTable(this.lowest)
  }

  /**
   * Encodes a list into a fresh array.
   *
   * Throws `HpackError` (`InvalidCharacter`) where a character is above U+00FF; the encoder is then as it was before.
   */
  encode(fields: HeaderList): Uint8Array {
    const bound = upperBound(fields)
    const buffer = bound <= scratch.length ? scratch : new Uint8Array(bound)
    return buffer.slice(0, this.encodeInto(fields, buffer, 0))
  }

  /**
   * Encodes a list into `buffer` from `offset` on and returns the offset behind it. At least `upperBound(fields)` octets
   * must be free there. Throws as `encode` does; what lies in the buffer from `offset` on is then meaningless.
   */
  encodeInto(fields: HeaderList, buffer: Uint8Array, offset: number): number {
    const capacity = this.dynamic.table.capacity
    this.checked = false
    // before any field (RFC 7541 section 4.2)
    if (this.lowest < this.signalled && this.lowest < capacity) {
      offset = writeInteger(buffer, offset, 0x20, 0x1f, this.lowest)
      offset = writeInteger(buffer, offset, 0x20, 0x1f, capacity)
    } else if (capacity !== this.signalled) {
      offset = writeInteger(buffer, offset, 0x20, 0x1f, capacity)
    }
    // in the order of the list (RFC 7541 section 2.1)
    for (let i = 0; i < fields.length; i++) {
      offset = this.writeField(fields, i, buffer, offset)
    }
    if (this.lowest !== capacity || this.signalled !== capacity) {
      this.lowest = capacity
      this.signalled = capacity
      this.generation++
    }
    return offset
  }

  /**
   * Sets what the peer allows: call it when its SETTINGS arrive, at the latest before they are acknowledged. The next block
   * begins with the size update that is due, or with two where the size went down and up again (RFC 7541 section 4.2).
   */
  setHeaderTableSize(size: number): void {
    const capacity = Math.min(size, this.maxHeaderTableSize)
    if (capacity === this.dynamic.table.capacity) {
      return
    }
    this.generation++
    this.lowest = Math.min(this.lowest, capacity)
    this.dynamic.setCapacity(capacity)
  }

  private writeField(fields: HeaderList, i: number, buffer: Uint8Array, offset: number): number {
    const field = fields[i]!
    const known = knownNames.get(field.name)
    const dynamic = this.dynamic
    const newest = dynamic.newestOf(known, field.name)
    const policy = known === undefined ? policyIndexed : known.policy

    if (field.sensitive || policy === policyNever || (policy === policyCookie && field.value.length < shortCookie)) {
      return this.writeLiteral(field, literalNever, 0x0f, this.nameIndex(known, newest), buffer, offset)
    }
    if (known !== undefined) {
      const position = known.values.indexOf(field.value)
      if (position !== -1) {
        return writeInteger(buffer, offset, 0x80, 0x7f, known.nameIndex + position)
      }
    }
    const found = dynamic.find(newest, field.value)
    if (found !== -1) {
      return writeInteger(buffer, offset, 0x80, 0x7f, dynamic.indexOf(found))
    }
    const index = this.nameIndex(known, newest)
    // what takes more than three quarters of the table pushes out nearly everything else
    if (policy === policyLiteral || field.size * 4 > dynamic.table.capacity * 3) {
      return this.writeLiteral(field, literalPlain, 0x0f, index, buffer, offset)
    }
    if (policy === policyRecurring && !this.recentValues.has(field.value)) {
      offset = this.writeLiteral(field, literalPlain, 0x0f, index, buffer, offset)
      if (this.recentValues.isCandidate(field.value)) {
        this.beforeChange(fields, i)
        this.recentValues.add(field.value)
      }
      return offset
    }
    this.beforeChange(fields, i)
    offset = this.writeLiteral(field, literalIndexed, 0x3f, index, buffer, offset)
    dynamic.insert(known, field)
    return offset
  }

  /**
   * Comes before every change that a field makes. After it, it would be too late to refuse one of the fields from the
   * current one on, so that they are checked here; blocks that change nothing are spared it.
   */
  private beforeChange(fields: HeaderList, current: number): void {
    if (!this.checked) {
      for (let i = current; i < fields.length; i++) {
        checkOctets(fields[i]!.name)
        checkOctets(fields[i]!.value)
      }
      this.checked = true
    }
    this.generation++
  }

  /** The index that stands for the name alone, or 0. */
  private nameIndex(known: KnownName | undefined, newest: number): number {
    if (known !== undefined && known.nameIndex !== 0) {
      return known.nameIndex
    }
    return newest >= this.dynamic.table.oldest ? this.dynamic.indexOf(newest) : 0
  }

  private writeLiteral(
    field: HeaderField,
    pattern: number,
    prefixMask: number,
    nameIndex: number,
    buffer: Uint8Array,
    offset: number
  ): number {
    offset = writeInteger(buffer, offset, pattern, prefixMask, nameIndex)
    if (nameIndex === 0) {
      offset = writeString(field.name, this.huffman, buffer, offset)
    }
    return writeString(field.value, this.huffman, buffer, offset)
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: EncoderOptions): Encoder => new Encoder(options)

/**
 * The octets that must be free for `encodeInto`, which no encoding of the list exceeds.
 *
 * @since 0.1.0
 * @category utils
 */
export const upperBound = (fields: HeaderList): number => {
  let bound = maxTableSizeUpdates
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!
    bound += field.name.length + field.value.length + maxFieldOverhead
  }
  return bound
}
