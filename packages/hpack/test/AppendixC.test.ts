/**
 * The examples of RFC 7541, appendix C, read and written. Where the appendix indexes what our policy does not (`location`,
 * `set-cookie`), what we write differs, so that it is read back instead of compared.
 */
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import * as HeaderField from "../src/HeaderField.js"
import { BlockReader } from "../src/internal/blockReader.js"
import { writeInteger } from "../src/internal/integer.js"
import { sequences } from "./fixtures/appendixC.js"
import { fieldsOf, fromHex, pairsOf, toHex } from "./utils.js"

describe("C.1 integers", () => {
  for (const [section, value, prefixMask, wire] of [
    ["C.1.1", 10, 0x1f, "0a"],
    ["C.1.2", 1337, 0x1f, "1f9a0a"],
    ["C.1.3", 42, 0xff, "2a"]
  ] as const) {
    it(`${section}: ${value}`, () => {
      const buffer = new Uint8Array(8)
      expect(toHex(buffer.slice(0, writeInteger(buffer, 0, 0, prefixMask, value)))).toBe(wire)
      const reader = new BlockReader()
      reader.open(fromHex(wire), 0, wire.length / 2)
      expect(reader.integer(prefixMask)).toBe(value)
      expect(reader.position).toBe(wire.length / 2)
    })
  }
})

describe("C.2 header field representations", () => {
  for (const [section, wire, field, tableSize] of [
    [
      "C.2.1",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      HeaderField.make("custom-key", "custom-header"),
      55
    ],
    ["C.2.2", "040c2f73616d706c652f70617468", HeaderField.make(":path", "/sample/path"), 0],
    ["C.2.3", "100870617373776f726406736563726574", HeaderField.make("password", "secret", { sensitive: true }), 0],
    ["C.2.4", "82", HeaderField.make(":method", "GET"), 0]
  ] as const) {
    it(section, () => {
      const decoder = Decoder.make()
      expect(decoder.decode(fromHex(wire)).fields).toEqual([field])
      expect(decoder.dynamicTableSize).toBe(tableSize)
      expect(toHex(Encoder.make({ huffman: false }).encode([field]))).toBe(wire)
    })
  }
})

for (const { examples, headerTableSize, huffman, section } of sequences) {
  describe(`${section} sequence`, () => {
    it("decodes", () => {
      const decoder = Decoder.make({ headerTableSize })
      for (const example of examples) {
        expect(pairsOf(decoder.decode(fromHex(example.wire)).fields)).toEqual(example.headers)
        expect(pairsOf(decoder.entries)).toEqual(example.table)
        expect(decoder.dynamicTableSize).toBe(example.tableSize)
      }
    })

    it("encodes", () => {
      const encoder = Encoder.make({ headerTableSize, huffman })
      const decoder = Decoder.make({ headerTableSize })
      for (const example of examples) {
        const block = encoder.encode(fieldsOf(example.headers))
        if (headerTableSize === 4096) {
          expect(toHex(block)).toBe(example.wire)
        }
        expect(pairsOf(decoder.decode(block).fields)).toEqual(example.headers)
      }
    })
  })
}
