/**
 * The encoder's dynamic table: the ring of `dynamicTable.ts`, and where to find a name and a value in it. Called by
 * `Encoder.ts` only.
 *
 * Entries of one name form a chain from the newest to the oldest, kept as entry numbers next to the ring. The number of the
 * newest is found by the name: known names have an ordinal and a place in an array, others are in a Map. Numbers only ever
 * grow, and what is below `table.oldest` is gone, so that eviction has nothing to unlink. A walk down a chain is bounded by
 * the table, as are the octets it compares.
 *
 * Invariant: `newestOther` holds no name of which no entry is in the table.
 */
import type { HeaderField } from "../HeaderField.js"
import { DynamicTable } from "./dynamicTable.js"
import type { KnownName } from "./knownNames.js"
import { knownNames } from "./knownNames.js"
import { staticTableLength } from "./staticTable.js"

const none = -1
const initialSlots = 16

/** Of every table that nothing was inserted into yet: never written to. */
const nothingKnown: Array<number> = /*#__PURE__*/ new Array<number>(knownNames.size).fill(none)
const noOlder: Array<number> = []
const noOthers: Map<string, number> = /*#__PURE__*/ new Map<string, number>()

export class EncoderTable {
  readonly table: DynamicTable
  /** Number of the newest entry, by ordinal of a known name. */
  private newestKnown: Array<number> = nothingKnown
  /** The same, by name, for the others. */
  newestOther: Map<string, number> = noOthers
  /** Number of the next older entry of the same name, by entry number modulo its length, a power of two. */
  private older: Array<number> = noOlder

  constructor(capacity: number) {
    this.table = new DynamicTable(capacity)
  }

  /** The number of the newest entry of this name, or a number below `table.oldest`. */
  newestOf(known: KnownName | undefined, name: string): number {
    return known === undefined ? (this.newestOther.get(name) ?? none) : this.newestKnown[known.ordinal]!
  }

  /** The number of an entry of this value in the chain that begins at `number`, or -1. */
  find(number: number, value: string): number {
    const table = this.table
    const oldest = table.oldest
    const mask = this.older.length - 1
    while (number >= oldest) {
      if (table.entry(number).value === value) {
        return number
      }
      number = this.older[number & mask]!
    }
    return none
  }

  /** The index of an entry (RFC 7541 section 2.3.3). */
  indexOf(number: number): number {
    return staticTableLength + this.table.inserted - number
  }

  /** Evicts until the field fits, and inserts it; the caller knows that it is not larger than the table. */
  insert(known: KnownName | undefined, field: HeaderField): void {
    const table = this.table
    while (!table.hasRoomFor(field.size)) {
      this.evict()
    }
    if (table.length >= this.older.length) {
      this.grow()
    }
    const number = table.inserted
    this.older[number & (this.older.length - 1)] = this.newestOf(known, field.name)
    if (known === undefined) {
      if (this.newestOther === noOthers) {
        this.newestOther = new Map()
      }
      this.newestOther.set(field.name, number)
    } else {
      if (this.newestKnown === nothingKnown) {
        this.newestKnown = nothingKnown.slice()
      }
      this.newestKnown[known.ordinal] = number
    }
    table.insert(field)
  }

  /** Changes the maximum size and evicts down to it (RFC 7541 section 4.3). */
  setCapacity(capacity: number): void {
    while (this.table.size > capacity) {
      this.evict()
    }
    this.table.setCapacity(capacity)
  }

  private evict(): void {
    const number = this.table.oldest
    const name = this.table.evict().name
    if (this.newestOther.get(name) === number) {
      this.newestOther.delete(name)
    }
  }

  private grow(): void {
    const previousMask = this.older.length - 1
    const mask = Math.max(this.older.length * 2, initialSlots) - 1
    const older = new Array<number>(mask + 1).fill(none)
    for (let number = this.table.oldest; number < this.table.inserted; number++) {
      older[number & mask] = this.older[number & previousMask]!
    }
    this.older = older
  }
}
