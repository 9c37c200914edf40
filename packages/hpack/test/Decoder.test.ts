import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import { isHpackError } from "../src/HpackError.js"
import * as Huffman from "../src/Huffman.js"
import { staticTable, staticTableLength } from "../src/internal/staticTable.js"
import {
  concat,
  decodeOnce,
  expectHpackError,
  huffmanString,
  indexed,
  integer,
  literal,
  pairsOf,
  sizeUpdate
} from "./utils.js"

const bytes = (...octets: ReadonlyArray<number>): Uint8Array => Uint8Array.from(octets)

describe("Decoder", () => {
  describe("representations", () => {
    it("decodes every static entry, by index and by name", () => {
      for (let index = 1; index <= staticTableLength; index++) {
        const entry = staticTable[index]
        expect(decodeOnce(indexed(index))).toEqual([[entry?.name, entry?.value]])
        for (const kind of ["indexed", "plain", "never"] as const) {
          expect(decodeOnce(literal(kind, index, "x"))).toEqual([[entry?.name, "x"]])
        }
      }
      expect(staticTable.length).toBe(62)
    })

    it("hands out the tables' own fields", () => {
      const decoder = Decoder.make()
      const first = decoder.decode(bytes(0x82, ...literal("indexed", "a", "b"))).fields
      const second = decoder.decode(bytes(0x82, 0xbe, 0xbe)).fields
      expect(first[0]).toBe(staticTable[2])
      expect(second[0]).toBe(staticTable[2])
      expect(second[1]).toBe(first[1])
      expect(second[2]).toBe(first[1])
      expect(decoder.entries[0]).toBe(first[1])
    })

    it("decodes never-indexed literals as sensitive, others not", () => {
      const { fields } = Decoder.make().decode(
        concat(literal("never", "a", "b"), literal("plain", "a", "b"), literal("indexed", "a", "b"), indexed(62))
      )
      expect(fields.map((field) => field.sensitive)).toEqual([true, false, false, false])
    })

    it("decodes only what lies between start and end", () => {
      const block = bytes(0x00, 0x82, 0x86, 0x00)
      expect(pairsOf(Decoder.make().decode(block, 1, 3).fields)).toEqual([
        [":method", "GET"],
        [":scheme", "http"]
      ])
      expect(pairsOf(Decoder.make().decode(bytes(0x00, 0x82), 1, 99).fields)).toEqual([[":method", "GET"]])
      expect(Decoder.make().decode(block, 2, 2)).toEqual({ fields: [], size: 0, overflow: "none" })
      // a string may not reach beyond the end, even where the array goes on
      expectHpackError(() => Decoder.make().decode(bytes(...literal("plain", 1, "abc")), 0, 4), "TruncatedBlock")
    })

    it("keeps nothing of the block", () => {
      const block = bytes(...literal("indexed", "name-a", "value-a"))
      const decoder = Decoder.make()
      const { fields } = decoder.decode(block)
      block.fill(0)
      expect(pairsOf(fields)).toEqual([["name-a", "value-a"]])
      expect(pairsOf(decoder.decode(bytes(0xbe)).fields)).toEqual([["name-a", "value-a"]])
    })

    it("decodes literal names again and again, plain and Huffman-encoded, whatever they share", () => {
      const names = Array.from({ length: 1000 }, (_, i) => `x-name-${i % 400}`)
      for (const name of names) {
        expect(decodeOnce(literal("plain", name, "v"))).toEqual([[name, "v"]])
        expect(decodeOnce([0x00, ...huffmanString([...Huffman.encode(name)]), 0x01, 0x76])).toEqual([[name, "v"]])
      }
      // the same octets, once as they are and once as a code
      const octets = [...Huffman.encode("abc")]
      expect(decodeOnce([0x00, ...huffmanString(octets), 0x00])).toEqual([["abc", ""]])
      expect(decodeOnce([0x00, octets.length, ...octets, 0x00])).toEqual([[String.fromCharCode(...octets), ""]])
    })

    it("keeps every octet and every length", () => {
      const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
      for (let length = 0; length < 300; length++) {
        const value = all.repeat(2).slice(length, length * 2)
        expect(decodeOnce(literal("plain", "a", value))).toEqual([["a", value]])
      }
      const long = all.repeat(60)
      expect(decodeOnce(literal("plain", "a", long))).toEqual([["a", long]])
    })
  })

  describe("errors", () => {
    it("refuses index 0 and indices beyond the tables, as fields and as names", () => {
      expectHpackError(() => decodeOnce([0x80]), "InvalidIndex", "6.1")
      expectHpackError(() => decodeOnce(indexed(62)), "InvalidIndex", "2.3.3")
      expectHpackError(() => decodeOnce(indexed(0x7fffffff)), "InvalidIndex", "2.3.3")
      for (const kind of ["indexed", "plain", "never"] as const) {
        expectHpackError(() => decodeOnce(literal(kind, 62, "x")), "InvalidIndex", "2.3.3")
      }
    })

    it("refuses a Huffman-encoded string that is wrong, also where it would not be kept", () => {
      for (const options of [{}, { maxHeaderFields: 0 }, { maxHeaderListSize: 0 }]) {
        for (const wrong of [[0xff], [0x00], [0xff, 0xff, 0xff, 0xff]]) {
          expectHpackError(
            () => decodeOnce(literal("plain", 1, huffmanString(wrong)), options),
            "InvalidHuffman",
            "5.2"
          )
          expectHpackError(() => decodeOnce([0x00, ...huffmanString(wrong), 0], options), "InvalidHuffman", "5.2")
        }
      }
    })

    it("refuses a string that claims more than there is, at once", () => {
      for (const length of [1, 127, 16384, 0x7fffffff]) {
        for (const flag of [0x00, 0x80]) {
          expectHpackError(() => decodeOnce([0x00, ...integer(flag, 7, length)]), "TruncatedBlock", "5.2")
          expectHpackError(() => decodeOnce([0x01, ...integer(flag, 7, length)]), "TruncatedBlock", "5.2")
        }
      }
    })

    it("refuses a valid block that is cut within a representation, and decodes it where it is cut between two", () => {
      const representations = [
        sizeUpdate(0),
        sizeUpdate(4000),
        indexed(2),
        literal("indexed", "custom-key", "custom-value"),
        literal("indexed", 58, huffmanString([...Huffman.encode("Mozilla/5.0 (compatible)")])),
        indexed(63),
        literal("plain", "x".repeat(200), "y".repeat(200)),
        literal("never", 23, "secret"),
        literal("plain", 63, "again")
      ]
      const block = concat(...representations)
      const boundaries = new Set<number>([0])
      representations.reduce((total, part) => {
        boundaries.add(total + part.length)
        return total + part.length
      }, 0)
      const whole = pairsOf(Decoder.make().decode(block).fields)
      for (let cut = 0; cut <= block.length; cut++) {
        if (boundaries.has(cut)) {
          const pairs = pairsOf(Decoder.make().decode(block, 0, cut).fields)
          expect(pairs).toEqual(whole.slice(0, pairs.length))
        } else {
          expectHpackError(() => Decoder.make().decode(block, 0, cut), "TruncatedBlock")
          expectHpackError(() => Decoder.make().decode(block.slice(0, cut)), "TruncatedBlock")
        }
      }
    })

    it("throws nothing but HpackError, whatever the octets", () => {
      const run = (blocks: ReadonlyArray<Uint8Array>): void => {
        const decoder = Decoder.make({ maxHeaderListSize: 500, maxHeaderFields: 10 })
        for (const block of blocks) {
          try {
            const result = decoder.decode(block)
            expect(result.fields.length).toBeLessThanOrEqual(10)
            expect(result.fields.reduce((total, field) => total + field.size, 0)).toBeLessThanOrEqual(500)
            expect(decoder.dynamicTableSize).toBeLessThanOrEqual(4096)
            expect(decoder.dynamicTableSize).toBe(decoder.entries.reduce((total, field) => total + field.size, 0))
          } catch (error) {
            if (!isHpackError(error)) {
              throw error
            }
          }
        }
      }
      const octet = FastCheck.oneof(
        FastCheck.integer({ min: 0, max: 255 }),
        FastCheck.constantFrom(0x00, 0x01, 0x0f, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x82, 0xbe, 0xbf, 0xff)
      )
      const block = FastCheck.array(octet, { maxLength: 60 }).map((octets) => Uint8Array.from(octets))
      FastCheck.assert(FastCheck.property(FastCheck.array(block, { maxLength: 8 }), run), { numRuns: 3000 })
    })
  })

  describe("generation", () => {
    const changes = (decoder: Decoder.Decoder, run: () => void): boolean => {
      const before = decoder.generation
      run()
      expect(decoder.generation).toBeGreaterThanOrEqual(before)
      return decoder.generation !== before
    }

    it("changes with the table, its capacity and its limit, and with nothing else", () => {
      const decoder = Decoder.make()
      const decode = (...octets: Array<number>) => changes(decoder, () => decoder.decode(bytes(...octets)))
      expect(decode(0x82, 0x86)).toBe(false)
      expect(decode(...literal("plain", "a", "b"), ...literal("never", "a", "b"))).toBe(false)
      expect(decode(...sizeUpdate(4096))).toBe(false)
      expect(decode(...literal("indexed", "a", "b"))).toBe(true)
      expect(decode(0xbe, 0xbe)).toBe(false)
      expect(decode(...literal("indexed", "a", "x".repeat(5000)))).toBe(true)
      expect(decode(...literal("indexed", "a", "x".repeat(5000)))).toBe(false)
      expect(decode(...sizeUpdate(4095))).toBe(true)
      expect(changes(decoder, () => decoder.setHeaderTableSize(4096))).toBe(false)
      expect(changes(decoder, () => decoder.setHeaderTableSize(100))).toBe(true)
    })
  })
})
