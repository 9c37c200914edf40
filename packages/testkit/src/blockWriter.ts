/**
 * Pair blocks (RFC 7541) in every form that is allowed: by index or as a literal, with or without the Huffman code, with size updates between.
 * It has its own dynamic table, so that it shares nothing with the encoder under test but the code of Huffman.
 */
import * as Huffman from "@effect-http2/hpack/Huffman"
import type { Choices } from "./choices.js"
import { type Pair, type Pairs, integer, staticTable } from "./fieldBlock.js"
import { concat, octets } from "./octets.js"

const string = (text: string, isCoded: boolean): Uint8Array => {
  const written = isCoded ? Huffman.encode(text) : octets(text)
  return concat([integer(written.length, 7, isCoded ? 0x80 : 0), written])
}

const sizeOf = ([name, value]: Pair): number => name.length + value.length + 32

export class BlockWriter {
  /** Newest first. */
  private entries: Array<Pair> = []
  private capacity = 4096
  /** What the engine allows. */
  private limit = 4096
  /** The lowest limit since the last block, where that is below what is in use (RFC 7541 §4.2). */
  private due: number | undefined = undefined

  /** The engine's SETTINGS_HEADER_TABLE_SIZE is acknowledged. */
  setLimit(limit: number): void {
    this.limit = limit
    if (this.capacity > limit) this.due = Math.min(limit, this.due ?? limit)
  }

  /** `isPlain`: the block leaves the table as it is, and does not refer to it. */
  write(pairs: Pairs, choices: Choices, isPlain = false): Uint8Array {
    const parts: Array<Uint8Array> = []
    if (this.due !== undefined) parts.push(this.resize(Math.min(this.due, choices.one([this.due, 0, 64]))))
    if (!isPlain && choices.once(16)) parts.push(this.resize(Math.min(this.limit, choices.size(8192))))
    this.due = undefined
    for (const pair of pairs) parts.push(this.field(pair, choices, isPlain))
    return concat(parts)
  }

  private resize(capacity: number): Uint8Array {
    this.capacity = capacity
    this.evict()
    return integer(capacity, 5, 0x20)
  }

  private evict(): void {
    let size = 0
    this.entries = this.entries.filter((entry) => (size += sizeOf(entry)) <= this.capacity)
  }

  /** An index at which `matches` holds, 0 where there is none. */
  private find(matches: (pair: Pair) => boolean, isPlain: boolean): number {
    const at = isPlain ? -1 : this.entries.findIndex(matches)
    return at >= 0 ? at + 62 : staticTable.findIndex(matches) + 1
  }

  private field(pair: Pair, choices: Choices, isPlain: boolean): Uint8Array {
    const [name, value] = pair
    const whole = this.find((entry) => entry[0] === name && entry[1] === value, isPlain)
    const form = choices.below(4)
    if (whole > 0 && form < 2) return integer(whole, 7, 0x80)
    const named = choices.once(4) ? 0 : this.find((entry) => entry[0] === name, isPlain)
    const isIndexed = form < 3 && !isPlain
    const head = isIndexed ? integer(named, 6, 0x40) : integer(named, 4, form === 0 ? 0x10 : 0)
    const parts: Array<Uint8Array> = [head]
    if (named === 0) parts.push(string(name, choices.once(2)))
    parts.push(string(value, choices.once(2)))
    if (isIndexed) {
      this.entries.unshift(pair)
      this.evict()
    }
    return concat(parts)
  }
}
