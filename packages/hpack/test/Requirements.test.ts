/**
 * The MUSTs of RFC 7541 that bind an encoder or a decoder, one test each. Those about Huffman padding are in
 * `Huffman.test.ts`.
 */
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import * as HeaderField from "../src/HeaderField.js"
import type { Pairs } from "./utils.js"
import {
  concat,
  decodeOnce,
  expectHpackError,
  fieldsOf,
  indexed,
  integer,
  literal,
  pairsOf,
  sizeUpdate,
  toHex
} from "./utils.js"

const mixed: Pairs = [
  ["x-custom", "1"],
  [":method", "GET"],
  ["x-custom", "2"],
  ["content-length", "3"],
  ["set-cookie", "a=1"],
  [":method", "GET"],
  ["x-custom", "1"],
  ["set-cookie", "b=2"],
  ["accept", ""]
]

const isNeverIndexed = (block: Uint8Array): boolean => ((block[0] ?? 0) & 0xf0) === 0x10

describe("RFC 7541", () => {
  it("[rfc7541-2.1-1] an encoder keeps the order of the list", () => {
    const encoder = Encoder.make()
    const decoder = Decoder.make()
    for (let i = 0; i < 3; i++) {
      expect(pairsOf(decoder.decode(encoder.encode(fieldsOf(mixed))).fields)).toEqual(mixed)
    }
    // without a decoder: two fields from the static table
    expect(toHex(encoder.encode(fieldsOf([[":scheme", "http"], [":method", "GET"]])))).toBe("8682") // prettier-ignore
  })

  it("[rfc7541-2.1-2] a decoder keeps the order of the block", () => {
    const block = concat(
      literal("plain", "a", "1"),
      indexed(6),
      literal("indexed", "b", "2"),
      literal("never", "a", "3"),
      indexed(62),
      indexed(2)
    )
    expect(decodeOnce(block)).toEqual([
      ["a", "1"],
      [":scheme", "http"],
      ["b", "2"],
      ["a", "3"],
      ["b", "2"],
      [":method", "GET"]
    ])
  })

  it("[rfc7541-2.3.2-1] a decoder takes duplicate entries, in the list and in the table", () => {
    const decoder = Decoder.make()
    const entry = literal("indexed", "a", "b")
    expect(pairsOf(decoder.decode(concat(entry, entry)).fields)).toEqual([
      ["a", "b"],
      ["a", "b"]
    ])
    expect(decoder.dynamicTableLength).toBe(2)
    expect(decoder.dynamicTableSize).toBe(68)
    expect(pairsOf(decoder.decode(concat(indexed(62), indexed(63), literal("indexed", 2, "GET"))).fields)).toEqual([
      ["a", "b"],
      ["a", "b"],
      [":method", "GET"]
    ])
    expect(decoder.dynamicTableLength).toBe(3)
  })

  it("[rfc7541-2.3.3-1] an index above both tables is an error", () => {
    for (let entries = 0; entries < 5; entries++) {
      const filled = (): Decoder.Decoder => {
        const decoder = Decoder.make()
        for (let i = 0; i < entries; i++) {
          decoder.decode(Uint8Array.from(literal("indexed", "a", `${i}`)))
        }
        return decoder
      }
      expect(filled().decode(Uint8Array.from(indexed(61 + entries))).fields.length).toBe(1)
      for (const index of [62 + entries, 63 + entries, 127, 1000, 0x7fffffff]) {
        expectHpackError(() => filled().decode(Uint8Array.from(indexed(index))), "InvalidIndex", "2.3.3")
        for (const kind of ["indexed", "plain", "never"] as const) {
          expectHpackError(() => filled().decode(Uint8Array.from(literal(kind, index, "v"))), "InvalidIndex", "2.3.3")
        }
      }
    }
  })

  it("[rfc7541-3.2-1] a decoder processes each representation as it must", () => {
    const decoder = Decoder.make()
    const decode = (octets: ReadonlyArray<number>): Pairs => pairsOf(decoder.decode(Uint8Array.from(octets)).fields)
    // indexed: appended, table untouched
    expect(decode(indexed(2))).toEqual([[":method", "GET"]])
    expect(decoder.entries).toEqual([])
    // literals that are not indexed: appended, table untouched
    expect(decode(literal("plain", "a", "1"))).toEqual([["a", "1"]])
    expect(decode(literal("never", "a", "1"))).toEqual([["a", "1"]])
    expect(decoder.entries).toEqual([])
    // literals that are indexed: appended, and inserted at the beginning, at once
    expect(decode([...literal("indexed", "a", "1"), ...literal("indexed", "b", "2"), ...indexed(62)])).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["b", "2"]
    ])
    expect(pairsOf(decoder.entries)).toEqual([
      ["b", "2"],
      ["a", "1"]
    ])
    expect(decode([...literal("plain", 63, "3")])).toEqual([["a", "3"]])
  })

  it("[rfc7541-4.2-1] an encoder uses no more than the maximum, whatever it may spend itself", () => {
    for (const most of [0, 100, 4096, 1_000_000]) {
      for (const allowed of [0, 60, 1000, 5000, 2_000_000]) {
        const encoder = Encoder.make({ maxHeaderTableSize: most })
        const decoder = Decoder.make()
        encoder.setHeaderTableSize(allowed)
        decoder.setHeaderTableSize(allowed)
        for (let i = 0; i < 300; i++) {
          const list: Pairs = [[`x-${i}`, "v".repeat(i % 50)]]
          expect(pairsOf(decoder.decode(encoder.encode(fieldsOf(list))).fields)).toEqual(list)
          expect(decoder.dynamicTableSize).toBeLessThanOrEqual(Math.min(most, allowed))
        }
      }
    }
  })

  it("[rfc7541-4.2-2] a size update comes at the beginning of the first block after the change", () => {
    const encoder = Encoder.make()
    encoder.encode(fieldsOf([["a", "b"]]))
    encoder.setHeaderTableSize(50)
    expect(toHex(encoder.encode(fieldsOf([[":method", "GET"]])))).toBe(toHex(concat(sizeUpdate(50), indexed(2))))
    expect(toHex(encoder.encode(fieldsOf([[":method", "GET"]])))).toBe("82")

    const decoder = Decoder.make()
    decoder.setHeaderTableSize(50)
    expectHpackError(() => decoder.decode(concat(indexed(2))), "InvalidTableSizeUpdate", "4.2")
    expectHpackError(() => decodeOnce([...indexed(2), ...sizeUpdate(50)]), "InvalidTableSizeUpdate", "4.2")
    expect(decodeOnce([...sizeUpdate(50), ...indexed(2)])).toEqual([[":method", "GET"]])
  })

  it("[rfc7541-4.2-3] the smallest size since the last block is signalled, and the final one", () => {
    const encoder = Encoder.make()
    for (const size of [3000, 70, 2000, 90, 1000]) {
      encoder.setHeaderTableSize(size)
    }
    const block = encoder.encode(fieldsOf([[":method", "GET"]]))
    expect(toHex(block)).toBe(toHex(concat(sizeUpdate(70), sizeUpdate(1000), indexed(2))))

    const prepared = (): Decoder.Decoder => {
      const decoder = Decoder.make()
      for (const size of [3000, 70, 2000, 90, 1000]) {
        decoder.setHeaderTableSize(size)
      }
      return decoder
    }
    expectHpackError(() => prepared().decode(concat(sizeUpdate(1000))), "InvalidTableSizeUpdate", "4.2")
    expectHpackError(() => prepared().decode(concat(sizeUpdate(71), indexed(2))), "InvalidTableSizeUpdate", "4.2")
    expect(pairsOf(prepared().decode(block).fields)).toEqual([[":method", "GET"]])
  })

  it("[rfc7541-5.1-1] integers beyond the limits in value or in octets are errors", () => {
    // wherever there is an integer: an index, the index of a name, a size, the length of a string
    for (const [pattern, bits] of [
      [0x80, 7],
      [0x40, 6],
      [0x20, 5],
      [0x10, 4],
      [0x00, 4]
    ] as const) {
      const ones = 2 ** bits - 1
      const prefix = pattern | ones
      for (const value of [2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 2 ** 34]) {
        expectHpackError(() => decodeOnce(integer(pattern, bits, value)), "IntegerOverflow", "5.1")
      }
      for (const zeros of [5, 6, 7, 10, 1000]) {
        const octets = [prefix, ...new Array<number>(zeros).fill(0x80), 0x00]
        expectHpackError(() => decodeOnce(octets), "IntegerOverflow", "5.1")
      }
      const max = [prefix, ...new Array<number>(1000).fill(0xff)]
      expectHpackError(() => decodeOnce(max), "IntegerOverflow", "5.1")
    }
    for (const flag of [0x00, 0x80]) {
      expectHpackError(() => decodeOnce([0x01, ...integer(flag, 7, 2 ** 31)]), "IntegerOverflow", "5.1")
      expectHpackError(() => decodeOnce([0x00, ...integer(flag, 7, 2 ** 31)]), "IntegerOverflow", "5.1")
    }
    // at the limits
    const decoder = Decoder.make({ headerTableSize: 2 ** 31 - 1 })
    decoder.decode(Uint8Array.from(sizeUpdate(2 ** 31 - 1)))
    expect(decodeOnce([0x3f, 0x80, 0x80, 0x80, 0x80, 0x00, 0x82])).toEqual([[":method", "GET"]])
  })

  it("[rfc7541-6.1-1] index 0 is an error", () => {
    expectHpackError(() => decodeOnce([0x80]), "InvalidIndex", "6.1")
    expectHpackError(() => decodeOnce([0x82, 0x80, 0x82]), "InvalidIndex", "6.1")
  })

  it("[rfc7541-6.2.3-1] an intermediary keeps the representation", () => {
    const { fields } = Decoder.make().decode(concat(literal("never", "x-secret", "1"), literal("never", 24, "2")))
    for (const field of fields) {
      expect(isNeverIndexed(Encoder.make().encode([field]))).toBe(true)
    }
  })

  it("[rfc7541-6.2.3-2] a never-indexed field is always encoded as one", () => {
    const encoder = Encoder.make()
    // also where either table holds the same field
    encoder.encode(fieldsOf([["x-secret", "1"]]))
    for (const [name, value] of [
      ["x-secret", "1"],
      [":method", "GET"],
      ["cache-control", ""]
    ] as const) {
      for (let i = 0; i < 3; i++) {
        const block = encoder.encode([HeaderField.make(name, value, { sensitive: true })])
        expect(isNeverIndexed(block)).toBe(true)
        expect(
          Decoder.make().decode(encoder.encode([HeaderField.make("y", value, { sensitive: true })])).fields
        ).toEqual([HeaderField.make("y", value, { sensitive: true })])
      }
    }
  })

  it("[rfc7541-6.2.3-3] a field received as never-indexed is forwarded as never-indexed, over any number of hops", () => {
    let block = concat(literal("never", "x-secret", "1"))
    for (let hop = 0; hop < 4; hop++) {
      const encoder = Encoder.make()
      const received = Decoder.make().decode(block).fields
      expect(received.map((field) => field.sensitive)).toEqual([true])
      encoder.encode(received)
      block = encoder.encode(received)
      expect(isNeverIndexed(block)).toBe(true)
    }
  })

  it("[rfc7541-6.3-1] an encoder's updates are not above the limit", () => {
    for (const [most, allowed] of [
      [4096, 100],
      [100_000, 0],
      [100_000, 5000],
      [100_000, 4097]
    ] as const) {
      const encoder = Encoder.make({ maxHeaderTableSize: most })
      encoder.setHeaderTableSize(allowed)
      expect(toHex(encoder.encode([]))).toBe(toHex(Uint8Array.from(sizeUpdate(allowed))))
    }
  })

  it("[rfc7541-6.3-2] an update above the limit is an error", () => {
    for (const limit of [0, 30, 31, 100, 4096, 65536]) {
      const decoder = Decoder.make({ headerTableSize: limit })
      decoder.decode(Uint8Array.from(sizeUpdate(limit)))
      expectHpackError(() => decoder.decode(Uint8Array.from(sizeUpdate(limit + 1))), "InvalidTableSizeUpdate", "6.3")
    }
    const lowered = Decoder.make()
    lowered.setHeaderTableSize(100)
    expectHpackError(() => lowered.decode(Uint8Array.from(sizeUpdate(101))), "InvalidTableSizeUpdate", "6.3")
  })

  it("[rfc7541-7.1.3-1] a never-indexed value is not re-encoded so that it would be indexed", () => {
    const { fields } = Decoder.make().decode(concat(literal("never", "x-secret", "1")))
    const encoder = Encoder.make()
    const generation = encoder.generation
    const decoder = Decoder.make()
    for (let i = 0; i < 3; i++) {
      decoder.decode(encoder.encode(fields))
    }
    expect(decoder.dynamicTableLength).toBe(0)
    expect(encoder.generation).toBe(generation)
  })

  it("[rfc7541-7.1.3-2] a never-indexed value is re-encoded as a never-indexed literal", () => {
    const { fields } = Decoder.make().decode(concat(literal("never", 2, "GET"), literal("never", "x", "")))
    const block = Encoder.make({ huffman: false }).encode(fields)
    expect(toHex(block)).toBe(toHex(concat(literal("never", 2, "GET"), literal("never", "x", ""))))
  })
})
