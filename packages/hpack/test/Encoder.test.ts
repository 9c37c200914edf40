import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import * as HeaderField from "../src/HeaderField.js"
import { staticTable, staticTableLength } from "../src/internal/staticTable.js"
import type { Pairs } from "./utils.js"
import { expectHpackError, fieldsOf, pairsOf, representation, toHex, unlimited } from "./utils.js"

const response: Pairs = [
  [":status", "200"],
  ["content-type", "application/json; charset=utf-8"],
  ["content-length", "1234"],
  ["server", "test"]
]

describe("Encoder", () => {
  describe("representations", () => {
    it("encodes every static entry as one octet, but for those that are never indexed", () => {
      for (let index = 1; index <= staticTableLength; index++) {
        const entry = staticTable[index]
        if (entry === undefined) {
          expect.fail()
        }
        const block = Encoder.make().encode([HeaderField.make(entry.name, entry.value)])
        if (["authorization", "cookie", "proxy-authorization", "set-cookie"].includes(entry.name)) {
          expect(representation(block)).toBe("never")
        } else {
          expect(toHex(block)).toBe((0x80 | index).toString(16))
        }
        expect(pairsOf(Decoder.make().decode(block).fields)).toEqual([[entry.name, entry.value]])
      }
    })

    it("uses the static table for names, the lowest index of each", () => {
      for (const [name, index] of [
        [":status", 8],
        [":method", 2],
        ["www-authenticate", 61]
      ] as const) {
        expect(Encoder.make().encode([HeaderField.make(name, "xyz")])[0]).toBe(0x40 | index)
      }
    })

    it("uses the dynamic table for names and for whole fields", () => {
      const encoder = Encoder.make({ huffman: false })
      encoder.encode(fieldsOf([["x-first", "1"]]))
      encoder.encode(fieldsOf([["x-second", "2"]]))
      expect(toHex(encoder.encode(fieldsOf([["x-first", "1"]])))).toBe("bf")
      expect(toHex(encoder.encode(fieldsOf([["x-second", "2"]])))).toBe("be")
      expect(toHex(encoder.encode(fieldsOf([["x-first", "3"]])))).toBe("7f000133")
      // older entries of the same name are found too
      expect(toHex(encoder.encode(fieldsOf([["x-first", "1"]])))).toBe("c0")
      expect(toHex(encoder.encode(fieldsOf([["x-first", "3"]])))).toBe("be")
    })

    it("uses Huffman coding only where it is strictly shorter", () => {
      const encode = (value: string): string => toHex(Encoder.make().encode([HeaderField.make("etag", value)]))
      expect(encode("aaaa")).toBe("0f13" + "83" + "18c63f")
      // "XX" takes 16 bits either way
      expect(encode("XX")).toBe("0f13" + "02" + "5858")
      expect(encode("\n")).toBe("0f13" + "01" + "0a")
      expect(toHex(Encoder.make({ huffman: false }).encode([HeaderField.make("etag", "aaaa")]))).toBe("0f130461616161")
    })

    it("encodes at an offset, within the upper bound, and touches nothing else", () => {
      const fields = fieldsOf([...response, ["x", "\n".repeat(300)], ["", ""]])
      const expected = Encoder.make().encode(fields)
      const bound = Encoder.upperBound(fields)
      expect(expected.length).toBeLessThanOrEqual(bound)
      const buffer = new Uint8Array(bound + 10).fill(0xaa)
      const end = Encoder.make().encodeInto(fields, buffer, 5)
      expect(toHex(buffer.slice(5, end))).toBe(toHex(expected))
      expect(buffer.slice(0, 5).every((octet) => octet === 0xaa)).toBe(true)
      expect(buffer.slice(end).every((octet) => octet === 0xaa)).toBe(true)
    })

    it("never exceeds the upper bound, with two size updates before the fields", () => {
      const encoder = Encoder.make({ maxHeaderTableSize: 2 ** 30 })
      encoder.setHeaderTableSize(0)
      encoder.setHeaderTableSize(2 ** 30)
      expect(encoder.encode([]).length).toBeLessThanOrEqual(Encoder.upperBound([]))
    })

    it("hands out arrays of its own", () => {
      const encoder = Encoder.make()
      const first = encoder.encode(fieldsOf(response))
      const copy = first.slice()
      encoder.encode(fieldsOf([["a", "b".repeat(100)]]))
      expect(first).toEqual(copy)
      const long = fieldsOf([["a", "b".repeat(50_000)]])
      expect(pairsOf(Decoder.make(unlimited).decode(Encoder.make().encode(long)).fields)).toEqual(pairsOf(long))
      expect(encoder.encode([]).length).toBe(0)
    })
  })

  describe("dynamic table", () => {
    it("stays in step with the decoder's through many evictions, for known and for other names", () => {
      const encoder = Encoder.make({ headerTableSize: 500 })
      const decoder = Decoder.make()
      for (let i = 0; i < 2000; i++) {
        const list: Pairs = [
          ["server", `s${i % 7}`],
          [`x-${i % 11}`, `${i % 3}`],
          [`x-${i % 4}`, "same"],
          ["vary", `v${(i * 7) % 5}`]
        ]
        expect(pairsOf(decoder.decode(encoder.encode(fieldsOf(list))).fields)).toEqual(list)
      }
    })

    it("grows as far as the peer allows and we want", () => {
      const encoder = Encoder.make({ maxHeaderTableSize: 20_000 })
      const decoder = Decoder.make({ headerTableSize: 65536 })
      encoder.setHeaderTableSize(65536)
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 400; i++) {
          const list: Pairs = [["x-name", `value ${i}`]]
          const block = encoder.encode(fieldsOf(list))
          expect(pairsOf(decoder.decode(block).fields)).toEqual(list)
          expect(representation(block)).toBe(round > 0 ? "index" : i === 0 ? "update" : "indexed")
        }
      }
      expect(decoder.dynamicTableLength).toBe(400)
    })
  })

  describe("size updates", () => {
    const head = (encoder: Encoder.Encoder): string => toHex(encoder.encode(fieldsOf([[":method", "GET"]])))

    it("emits none where nothing changed", () => {
      const encoder = Encoder.make()
      expect(head(encoder)).toBe("82")
      encoder.setHeaderTableSize(65536)
      encoder.setHeaderTableSize(4096)
      expect(head(encoder)).toBe("82")
    })

    it("emits one after a reduction, and one after a raise, once", () => {
      const encoder = Encoder.make()
      encoder.setHeaderTableSize(100)
      expect(head(encoder)).toBe("3f4582")
      expect(head(encoder)).toBe("82")
      encoder.setHeaderTableSize(4096)
      expect(head(encoder)).toBe("3fe11f82")
      expect(head(encoder)).toBe("82")
    })

    it("emits the lowest too where the size went down and up again", () => {
      const encoder = Encoder.make()
      encoder.setHeaderTableSize(10)
      encoder.setHeaderTableSize(0)
      encoder.setHeaderTableSize(1000)
      encoder.setHeaderTableSize(4096)
      expect(head(encoder)).toBe("203fe11f82")
      expect(head(encoder)).toBe("82")
    })

    it("emits one update where the size went up and back down", () => {
      const encoder = Encoder.make()
      encoder.setHeaderTableSize(0)
      expect(head(encoder)).toBe("2082")
      encoder.setHeaderTableSize(4096)
      encoder.setHeaderTableSize(10)
      expect(head(encoder)).toBe("2a82")
    })

    it("says with the first block what a size other than 4096 it starts with", () => {
      expect(head(Encoder.make({ headerTableSize: 100 }))).toBe("3f4582")
      expect(head(Encoder.make({ headerTableSize: 65536, maxHeaderTableSize: 65536 }))).toBe("3fe1ff0382")
      expect(head(Encoder.make({ headerTableSize: 65536 }))).toBe("82")
    })

    it("forgets what the reduction evicted", () => {
      const encoder = Encoder.make({ huffman: false })
      encoder.encode(fieldsOf([["a", "b"]]))
      encoder.setHeaderTableSize(0)
      encoder.setHeaderTableSize(4096)
      expect(toHex(encoder.encode(fieldsOf([["a", "b"]])))).toBe("203fe11f" + "4001610162")
    })
  })

  describe("characters", () => {
    it("refuses a character above U+00FF before anything changed, wherever it is", () => {
      for (const wrong of [
        HeaderField.make("x-name", "caf\u00e9 \u20ac"),
        HeaderField.make("x-\u0100", "value"),
        HeaderField.make("content-length", "\u0131"),
        HeaderField.make("set-cookie", "\uffff"),
        HeaderField.make(":path", "/\u0100")
      ]) {
        for (const before of [[], fieldsOf(response), fieldsOf([[":path", "/a/b"]])]) {
          for (const huffman of [true, false]) {
            const encoder = Encoder.make({ huffman })
            encoder.setHeaderTableSize(100)
            const generation = encoder.generation
            expectHpackError(() => encoder.encode([...before, wrong]), "InvalidCharacter", "5.2")
            expect(encoder.generation).toBe(generation)
            const untouched = Encoder.make({ huffman })
            untouched.setHeaderTableSize(100)
            const list = fieldsOf([...pairsOf(before), ...response])
            for (let i = 0; i < 3; i++) {
              expect(toHex(encoder.encode(list))).toBe(toHex(untouched.encode(list)))
            }
          }
        }
      }
    })

    it("takes every octet", () => {
      const value = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
      for (const huffman of [true, false]) {
        const block = Encoder.make({ huffman }).encode([HeaderField.make(value, value)])
        expect(pairsOf(Decoder.make().decode(block).fields)).toEqual([[value, value]])
      }
    })
  })

  describe("generation", () => {
    it("changes with the table and with a size update that is due, and with nothing else", () => {
      const encoder = Encoder.make()
      const changes = (run: () => void): boolean => {
        const before = encoder.generation
        run()
        expect(encoder.generation).toBeGreaterThanOrEqual(before)
        return encoder.generation !== before
      }
      const list = fieldsOf(response)
      expect(changes(() => encoder.encode(list))).toBe(true)
      expect(changes(() => encoder.encode(list))).toBe(false)
      expect(changes(() => encoder.setHeaderTableSize(65536))).toBe(false)
      expect(changes(() => encoder.setHeaderTableSize(1000))).toBe(true)
      expect(changes(() => encoder.encode(list))).toBe(true)
      expect(changes(() => encoder.encode(list))).toBe(false)
      expect(changes(() => encoder.encode(fieldsOf([["etag", "x"]])))).toBe(false)
      expect(changes(() => encoder.encode(fieldsOf([[":path", "/a?b"]])))).toBe(false)
    })
  })
})
