/**
 * The decoder's dynamic table: eviction, and the size updates that bound it.
 */
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import { concat, decodeOnce, expectHpackError, indexed, literal, pairsOf, sizeUpdate } from "./utils.js"

const bytes = (...octets: ReadonlyArray<number>): Uint8Array => Uint8Array.from(octets)

describe("Decoder", () => {
  describe("dynamic table", () => {
    it("evicts the oldest entries, and grows as far as its capacity goes", () => {
      const decoder = Decoder.make()
      // 128 entries of 32 octets fill 4096
      for (let i = 0; i < 300; i++) {
        decoder.decode(bytes(...literal("indexed", "", "")))
      }
      expect(decoder.dynamicTableLength).toBe(128)
      expect(decoder.dynamicTableSize).toBe(4096)
      for (let i = 0; i < 300; i++) {
        decoder.decode(bytes(...literal("indexed", `n${i}`, `v${i}`)))
        expect(pairsOf(decoder.decode(bytes(0xbe)).fields)).toEqual([[`n${i}`, `v${i}`]])
      }
      const length = decoder.dynamicTableLength
      expect(pairsOf(decoder.decode(bytes(...indexed(61 + length))).fields)).toEqual([
        [`n${300 - length}`, `v${300 - length}`]
      ])
      expectHpackError(() => decoder.decode(bytes(...indexed(62 + length))), "InvalidIndex")
    })

    it("is emptied by an entry that is larger than it, without an error (section 4.4)", () => {
      for (const options of [{}, { maxHeaderListSize: 100 }]) {
        const decoder = Decoder.make({ headerTableSize: 100, ...options })
        decoder.decode(bytes(...literal("indexed", "a", "b")))
        expect(decoder.dynamicTableLength).toBe(1)
        decoder.decode(bytes(...literal("indexed", "a", "x".repeat(68))))
        expect(decoder.dynamicTableLength).toBe(0)
        decoder.decode(bytes(...literal("indexed", "a", "x".repeat(67))))
        expect(decoder.dynamicTableSize).toBe(100)
      }
    })

    it("takes the name of an entry that the insertion evicts (section 4.4)", () => {
      const decoder = Decoder.make({ headerTableSize: 64 })
      decoder.decode(bytes(...literal("indexed", "name-of-an-entry", "v")))
      decoder.decode(bytes(...literal("indexed", 62, "0123456789")))
      expect(pairsOf(decoder.entries)).toEqual([["name-of-an-entry", "0123456789"]])
    })

    it("works with a capacity of 0", () => {
      const decoder = Decoder.make({ headerTableSize: 0 })
      expect(pairsOf(decoder.decode(bytes(...literal("indexed", "a", "b"))).fields)).toEqual([["a", "b"]])
      expect(decoder.dynamicTableLength).toBe(0)
    })

    it("starts with 4096 octets where more is allowed, until an update says otherwise", () => {
      const decoder = Decoder.make({ headerTableSize: 65536 })
      decoder.decode(bytes(...literal("indexed", "a", "x".repeat(5000))))
      expect(decoder.dynamicTableLength).toBe(0)
      decoder.decode(concat(sizeUpdate(65536), literal("indexed", "a", "x".repeat(5000))))
      expect(decoder.dynamicTableLength).toBe(1)
    })
  })

  describe("size updates", () => {
    it("evicts at an update, and grows after one", () => {
      const decoder = Decoder.make()
      decoder.decode(concat(literal("indexed", "a", "1"), literal("indexed", "b", "2")))
      expect(decoder.dynamicTableSize).toBe(68)
      decoder.decode(bytes(...sizeUpdate(67)))
      expect(pairsOf(decoder.entries)).toEqual([["b", "2"]])
      decoder.decode(concat(sizeUpdate(0), sizeUpdate(4096)))
      expect(decoder.dynamicTableLength).toBe(0)
      decoder.decode(bytes(...literal("indexed", "c", "3")))
      expect(decoder.dynamicTableLength).toBe(1)
    })

    it("refuses an update after a field", () => {
      expectHpackError(() => decodeOnce([0x82, ...sizeUpdate(100)]), "InvalidTableSizeUpdate", "4.2")
      expectHpackError(() => decodeOnce([...sizeUpdate(9), 0x82, ...sizeUpdate(9)]), "InvalidTableSizeUpdate", "4.2")
    })

    it("asks for an update after a reduction below what the peer uses, and only then", () => {
      const decoder = Decoder.make()
      decoder.decode(concat(sizeUpdate(1000), indexed(2)))
      decoder.setHeaderTableSize(2000)
      decoder.decode(bytes(0x82))
      decoder.setHeaderTableSize(999)
      expectHpackError(() => decoder.decode(bytes(0x82)), "InvalidTableSizeUpdate", "4.2")
    })

    it("asks for the lowest size even where it was raised again", () => {
      const prepared = (): Decoder.Decoder => {
        const decoder = Decoder.make()
        decoder.setHeaderTableSize(1000)
        decoder.setHeaderTableSize(100)
        decoder.setHeaderTableSize(4096)
        return decoder
      }
      expectHpackError(() => prepared().decode(bytes(0x82)), "InvalidTableSizeUpdate", "4.2")
      expectHpackError(() => prepared().decode(bytes()), "InvalidTableSizeUpdate", "4.2")
      expectHpackError(() => prepared().decode(bytes(...sizeUpdate(101))), "InvalidTableSizeUpdate", "4.2")
      prepared().decode(bytes(...sizeUpdate(100)))
      prepared().decode(concat(sizeUpdate(50), sizeUpdate(4096), indexed(2)))
      expectHpackError(() => prepared().decode(bytes(...sizeUpdate(4097))), "InvalidTableSizeUpdate", "6.3")
    })

    it("asks once", () => {
      const decoder = Decoder.make()
      decoder.setHeaderTableSize(100)
      decoder.decode(bytes(...sizeUpdate(100)))
      decoder.decode(bytes(0x82))
      decoder.setHeaderTableSize(4096)
      decoder.decode(bytes(0x82))
    })
  })
})
