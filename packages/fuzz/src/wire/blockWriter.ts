/**
 * Field blocks (RFC 7541) in every form that is allowed: by index or as a literal, with or without the Huffman code, with size updates between.
 * It has its own dynamic table, so that it shares nothing with the encoder under test but the code of Huffman. Called by the models.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Huffman from "@effect-http2/hpack/Huffman"
import type { Choices } from "../choices.js"
import { concat, ofText } from "./octets.js"

export type Pair = readonly [name: string, value: string]
export type Pairs = ReadonlyArray<Pair>

export const staticTable: Pairs = Array.from({ length: 61 }, (_, index) => {
  const [field] = Decoder.make().decode(Uint8Array.of(0x81 + index)).fields
  return [field?.name ?? "", field?.value ?? ""]
})

/** An integer (§5.1) behind a prefix of `bits`; `zeros`: octets that add nothing to it. */
export const integer = (value: number, bits: number, pattern: number, zeros = 0): Uint8Array => {
  const most = (1 << bits) - 1
  if (value < most) return Uint8Array.of(pattern | value)
  const octets = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 0x80)
  octets.push(rest)
  for (let i = 0; i < zeros && octets.length < 5; i++) {
    octets[octets.length - 1] = (octets[octets.length - 1] ?? 0) | 0x80
    octets.push(0)
  }
  return Uint8Array.from(octets)
}

const string = (text: string, isCoded: boolean): Uint8Array => {
  const octets = isCoded ? Huffman.encode(text) : ofText(text)
  return concat([integer(octets.length, 7, isCoded ? 0x80 : 0), octets])
}

const sizeOf = ([name, value]: Pair): number => name.length + value.length + 32

/** Literals without indexing and without the Huffman code: neither reads nor writes a table. */
export const plainBlock = (pairs: Pairs): Uint8Array =>
  concat(pairs.flatMap(([name, value]) => [Uint8Array.of(0), string(name, false), string(value, false)]))

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
    const parts = [head]
    if (named === 0) parts.push(string(name, choices.once(2)))
    parts.push(string(value, choices.once(2)))
    if (isIndexed) {
      this.entries.unshift(pair)
      this.evict()
    }
    return concat(parts)
  }
}
