/**
 * What a hostile peer can make the decoder keep: nothing beyond its limits, and the table right afterwards all the same.
 */
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Huffman from "../src/Huffman.js"
import { scratch } from "../src/internal/huffmanDecoder.js"
import { concat, huffmanString, indexed, literal, pairsOf, plainString } from "./utils.js"

const huffman = (text: string): Array<number> => huffmanString([...Huffman.encode(text)])

describe("limits", () => {
  it("allows a list of exactly the limit, and reports one octet more", () => {
    const block = concat(literal("plain", "a", "b"), literal("plain", "c", "d"))
    expect(Decoder.make({ maxHeaderListSize: 68 }).decode(block)).toMatchObject({ size: 68, overflow: "none" })
    const over = Decoder.make({ maxHeaderListSize: 67 }).decode(block)
    expect(over).toMatchObject({ size: 68, overflow: "size" })
    expect(pairsOf(over.fields)).toEqual([["a", "b"]])
  })

  it("takes another limit for lists from the next block on, which then decodes as if for the first time", () => {
    const block = concat(literal("plain", "a", "b"), literal("plain", "c", "d"))
    const decoder = Decoder.make({ maxHeaderListSize: 67 })
    for (const [size, overflow] of [
      [68, "none"],
      [67, "size"],
      [68, "none"]
    ] as const) {
      const { generation } = decoder
      decoder.setMaxHeaderListSize(size)
      expect(decoder.generation).toBeGreaterThan(generation)
      expect(decoder.decode(block)).toMatchObject({ size: 68, overflow })
    }
  })

  it("by default octets bound a list before its fields are too many: 1,024 of the smallest, and no more", () => {
    // Without a name and a value: 32 octets each.
    const smallest = (count: number) => concat(...Array.from({ length: count }, () => literal("plain", "", "")))
    const decoder = Decoder.make()
    const all = decoder.decode(smallest(1024))
    expect([all.overflow, all.size, all.fields.length]).toEqual(["none", 32_768, 1024])
    const over = decoder.decode(smallest(5000))
    expect([over.overflow, over.fields.length]).toEqual(["size", 1024])
  })

  it("allows exactly as many fields as the limit, and reports one more", () => {
    const hundred = new Uint8Array(100).fill(0x82)
    const decoder = Decoder.make({ maxHeaderFields: 100 })
    expect(decoder.decode(hundred)).toMatchObject({ size: 4200, overflow: "none" })
    const over = decoder.decode(concat(hundred, [0x82]))
    expect(over).toMatchObject({ size: 4242, overflow: "count" })
    expect(over.fields.length).toBe(100)
  })

  it("reports the limit that was passed first, and keeps no field after it", () => {
    const small = literal("plain", "a", "b")
    const large = literal("plain", "a", "x".repeat(100))
    const decoder = Decoder.make({ maxHeaderListSize: 140, maxHeaderFields: 3 })
    const bySize = decoder.decode(concat(small, large, small, small, small))
    expect(bySize).toMatchObject({ overflow: "size", size: 4 * 34 + 133 })
    expect(pairsOf(bySize.fields)).toEqual([["a", "b"]])
    const byCount = decoder.decode(concat(small, small, small, small, large))
    expect(byCount).toMatchObject({ overflow: "count", size: 4 * 34 + 133 })
    expect(byCount.fields.length).toBe(3)
  })

  it("measures fields that are not kept, plain and Huffman-encoded, with known and with new names", () => {
    const text = "some value, 0123456789"
    const decoder = Decoder.make({ maxHeaderListSize: 0 })
    for (const kind of ["indexed", "plain", "never"] as const) {
      for (const value of [plainString(text), huffman(text)]) {
        expect(decoder.decode(Uint8Array.from(literal(kind, 24, value)))).toEqual({
          fields: [],
          size: 32 + "cache-control".length + text.length,
          overflow: "size"
        })
        const head = kind === "indexed" ? 0x40 : kind === "never" ? 0x10 : 0x00
        for (const name of [plainString("x-some-new-name"), huffman("x-some-new-name")]) {
          expect(decoder.decode(Uint8Array.from([head, ...name, ...value]))).toEqual({
            fields: [],
            size: 32 + "x-some-new-name".length + text.length,
            overflow: "size"
          })
        }
      }
    }
  })

  it("puts fields beyond the limits into the table, and has the table right afterwards", () => {
    const block = concat(
      literal("indexed", "a", "1"),
      literal("plain", "b", "2"),
      literal("indexed", "c", "3"),
      literal("indexed", 62, huffman("4444444444")),
      indexed(64),
      literal("indexed", "long", "x".repeat(5000)),
      literal("indexed", "e", "5"),
      literal("indexed", "f", huffman("6"))
    )
    const all = Decoder.make()
    expect(all.decode(block).overflow).toBe("none")
    for (const options of [{ maxHeaderFields: 0 }, { maxHeaderFields: 2 }, { maxHeaderListSize: 40 }]) {
      const decoder = Decoder.make(options)
      expect(decoder.decode(block).overflow).not.toBe("none")
      expect(decoder.entries).toEqual(all.entries)
      expect(decoder.dynamicTableSize).toBe(all.dynamicTableSize)
      expect(pairsOf(decoder.decode(Uint8Array.of(0xbe)).fields)).toEqual(
        options.maxHeaderFields === 0 ? [] : [["f", "6"]]
      )
    }
  })

  it("starts afresh with each block", () => {
    const decoder = Decoder.make({ maxHeaderFields: 1 })
    expect(decoder.decode(Uint8Array.of(0x82, 0x82)).overflow).toBe("count")
    expect(decoder.decode(Uint8Array.of(0x82))).toMatchObject({ size: 42, overflow: "none" })
  })

  it("CVE-2016-6581: one large entry and thousands of references to it", () => {
    const decoder = Decoder.make()
    const references = 16_000
    const block = concat(literal("indexed", "a", "x".repeat(4000)), new Uint8Array(references).fill(0xbe))
    const result = decoder.decode(block)
    expect(result.overflow).toBe("size")
    expect(result.size).toBe((references + 1) * 4033)
    expect(result.fields.length).toBe(8)
    expect(new Set(result.fields).size).toBe(1)
    expect(decoder.dynamicTableLength).toBe(1)
  })

  it("CVE-2026-49975, CVE-2026-47774: thousands of references of one octet to small entries, and cookie crumbs", () => {
    const decoder = Decoder.make()
    for (const octet of [0x82, 0xa0]) {
      const result = decoder.decode(new Uint8Array(16_000).fill(octet))
      expect(result.overflow).toBe("size")
      expect(result.fields.length).toBeLessThan(1024)
    }
    const crumbs = decoder.decode(concat(...Array.from({ length: 5000 }, () => literal("plain", 32, ""))))
    expect(crumbs).toMatchObject({ overflow: "size", size: 5000 * 38 })
    expect(crumbs.fields.length).toBe(Math.floor(32_768 / 38))
    const many = Decoder.make({ maxHeaderListSize: 1_000_000 }).decode(new Uint8Array(16_000).fill(0x82))
    expect([many.overflow, many.fields.length]).toEqual(["count", 2000])
  })

  it("a Huffman-encoded string of megabytes is measured, not built", () => {
    const decoder = Decoder.make()
    // each "0" takes five bits: 1,000,000 octets decode to 1,600,000
    const octets = new Uint8Array(1_000_000)
    const block = concat([0x40, 0x01, 0x61, 0xff, 0xc1, 0x83, 0x3d], octets)
    expect(decoder.decode(block)).toEqual({ fields: [], size: 1_600_033, overflow: "size" })
    expect(decoder.dynamicTableLength).toBe(0)
    expect(scratch.length).toBeLessThanOrEqual(65536)
  })

  it("an octet of size update after another changes nothing but the table", () => {
    const decoder = Decoder.make()
    decoder.decode(Uint8Array.from(literal("indexed", "a", "b")))
    expect(decoder.decode(new Uint8Array(10_000).fill(0x20))).toEqual({ fields: [], size: 0, overflow: "none" })
    expect(decoder.dynamicTableLength).toBe(0)
  })
})
