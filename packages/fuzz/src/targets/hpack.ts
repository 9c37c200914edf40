/**
 * The HPACK decoder, encoder and Huffman code: any blocks, a decoder as plain as the RFC beside ours, what is encoded comes back, and no limit
 * is passed.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Encoder from "@effect-http2/hpack/Encoder"
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import * as Huffman from "@effect-http2/hpack/Huffman"
import type { Choices } from "@effect-http2/testkit/choices"
import { expect, Finding } from "../finding.js"
import type { Input, Step } from "../input/input.js"
import * as Fields from "../model/fields.js"
import { BlockWriter } from "@effect-http2/testkit/blockWriter"
import { type Pair, type Pairs } from "@effect-http2/testkit/fieldBlock"
import { concat, isEqual, toHex, toText } from "@effect-http2/testkit/octets"
import { PlainDecoder } from "@effect-http2/testkit/plainDecoder"

const maxHeaderListSize = 4000
const maxHeaderFields = 40

const pairsOf = (fields: ReadonlyArray<HeaderField>): Pairs => fields.map(({ name, value }) => [name, value] as const)

const isPrefix = (some: Pairs, all: Pairs): boolean =>
  some.every(([name, value], index) => all[index]?.[0] === name && all[index]?.[1] === value)

class Comparison {
  private readonly ours = Decoder.make({ maxHeaderListSize, maxHeaderFields })
  private readonly plain = new PlainDecoder()
  private readonly encoder = Encoder.make()
  private readonly back = Decoder.make({ maxHeaderListSize: 1_000_000, maxHeaderFields: 100_000 })
  private readonly plainBack = new PlainDecoder()
  private limit = 4096

  setLimit(size: number): void {
    this.limit = size
    this.ours.setHeaderTableSize(size)
    this.plain.setLimit(size)
    this.encoder.setHeaderTableSize(size)
    this.back.setHeaderTableSize(size)
    this.plainBack.setLimit(size)
  }

  /** One block through both decoders, its fields through the encoder and back. False where the block is broken. */
  block(octets: Uint8Array): boolean {
    const expected = this.plain.decode(octets)
    // Between other octets, which are none of its business.
    const around = concat([Uint8Array.of(0x82, 0xff), octets, Uint8Array.of(0xff, 0x20)])
    const decoded = this.attempt(() => this.ours.decode(around, 2, 2 + octets.length))
    if (decoded === undefined || expected === undefined) {
      expect(
        decoded === undefined && expected === undefined,
        "mismatch",
        () => `${toHex(octets)} is broken for one alone`
      )
      return false
    }
    const pairs = pairsOf(decoded.fields)
    const size = expected.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
    expect(decoded.size === size, "mismatch", () => `size ${decoded.size} instead of ${size}`)
    const isWhole = size <= maxHeaderListSize && expected.length <= maxHeaderFields
    expect((decoded.overflow === "none") === isWhole, "bound", () => `overflow is ${decoded.overflow} at ${size}`)
    expect(isPrefix(pairs, expected), "mismatch", () => `${Fields.show(pairs)} instead of ${Fields.show(expected)}`)
    expect(!isWhole || pairs.length === expected.length, "mismatch", () => "fields are missing")
    expect(pairs.length <= maxHeaderFields, "bound", () => `${pairs.length} fields`)
    this.checkTable()
    this.thereAndBack(decoded.fields)
    return true
  }

  private attempt<A>(run: () => A): A | undefined {
    try {
      return run()
    } catch (error) {
      if (isHpackError(error)) return undefined
      throw new Finding("defect", String(error), { cause: error })
    }
  }

  private checkTable(): void {
    const { entries, ours, plain } = { ours: this.ours, plain: this.plain, entries: pairsOf(this.ours.entries) }
    expect(ours.dynamicTableSize === plain.size, "mismatch", () => `a table of ${ours.dynamicTableSize}`)
    expect(Fields.isSame(entries, plain.entries), "mismatch", () => `the table has ${Fields.show(entries)}`)
    expect(ours.dynamicTableSize <= Math.max(4096, this.limit), "bound", () => `a table of ${ours.dynamicTableSize}`)
  }

  private thereAndBack(fields: ReadonlyArray<HeaderField>): void {
    const block = this.encoder.encode(fields)
    const pairs = pairsOf(fields)
    const again = this.attempt(() => this.back.decode(block))
    if (again === undefined || !Fields.isSame(pairsOf(again.fields), pairs)) {
      throw new Finding("mismatch", `${Fields.show(pairs)} came back as ${Fields.show(pairsOf(again?.fields ?? []))}`)
    }
    const plain = this.plainBack.decode(block)
    expect(Fields.isSame(plain, pairs), "mismatch", () => `${Fields.show(pairs)} was encoded as ${Fields.show(plain)}`)
  }
}

/** Octets are a coded string, or none; the code has one form for each string. */
const huffman = (octets: Uint8Array): void => {
  const text = toText(octets)
  const coded = Huffman.encode(text)
  expect(coded.length === Huffman.encodedLength(text), "mismatch", () => `the length of ${toHex(octets)}`)
  expect(Huffman.decode(coded) === text, "mismatch", () => `${toHex(octets)} coded`)
  try {
    const back = Huffman.encode(Huffman.decode(octets))
    expect(isEqual(back, octets), "mismatch", () => `${toHex(octets)} came back as ${toHex(back)}`)
  } catch (error) {
    if (!isHpackError(error)) throw error
  }
}

export const run = (_world: unknown, input: Input): ReadonlyArray<string> => {
  const comparison = new Comparison()
  const traits: Array<string> = []
  for (const step of input.steps) {
    if (step.kind === "table") comparison.setLimit(step.size)
    if (step.kind !== "send") continue
    huffman(step.octets.subarray(0, 200))
    if (!comparison.block(step.octets)) {
      traits.push("broken")
      break
    }
  }
  return traits
}

const anyPairs = (choices: Choices): Pairs => {
  const pairs: Array<Pair> = [...Fields.regular(choices)]
  if (choices.once(2)) pairs.unshift([":method", choices.one(["GET", "POST", "x"] as const)], [":path", "/"])
  // Any octets: what may stand in a field is not HPACK's business.
  if (choices.once(3))
    pairs.push([toText(choices.octets(choices.below(12))), toText(choices.octets(choices.size(300)))])
  return pairs
}

const spoil = (block: Uint8Array, choices: Choices): Uint8Array => {
  const copy = Uint8Array.from(block)
  for (let left = choices.between(1, 3); left > 0 && copy.length > 0; left--) {
    copy[choices.below(copy.length)] = choices.one([choices.below(256), 0xff, 0x80, 0x7f, 0x3f, 0x20, 0])
  }
  return choices.once(4) ? copy.subarray(0, choices.below(copy.length + 1)) : copy
}

export const fresh = (choices: Choices): Input => {
  const writer = new BlockWriter()
  const steps: Array<Step> = []
  for (let left = choices.between(1, 8); left > 0; left--) {
    if (choices.once(6)) {
      const size = choices.size(10_000)
      steps.push({ kind: "table", size })
      writer.setLimit(size)
    }
    const block = writer.write(anyPairs(choices), choices)
    if (choices.once(12)) steps.push({ kind: "send", octets: choices.octets(choices.size(60)) })
    else steps.push({ kind: "send", octets: choices.once(6) ? spoil(block, choices) : block })
  }
  return { target: "hpack", steps }
}
