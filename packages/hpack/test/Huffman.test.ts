import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import * as Huffman from "../src/Huffman.js"
import { codeLengths, codes } from "../src/internal/huffmanCode.js"
import { appendixB } from "./fixtures/appendixB.js"
import { expectHpackError, fromHex, toHex } from "./utils.js"

const octets = FastCheck.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"))

/** The bits as octets, padded with `pad` ("1" where the format asks for it). */
const fromBits = (bits: string, pad: string = "1"): Uint8Array => {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, pad)
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (octet) => parseInt(octet, 2))
}

const bitsOf = (symbol: number): string => {
  const entry = appendixB[symbol]
  return entry === undefined ? "" : entry.code.toString(2).padStart(entry.length, "0")
}

describe("Huffman", () => {
  it("has the code of appendix B", () => {
    expect(appendixB.length).toBe(257)
    expect(Array.from(codeLengths)).toEqual(appendixB.map((entry) => entry.length))
    expect(Array.from(codes)).toEqual(appendixB.map((entry) => entry.code))
  })

  it("codes every octet by itself, and after every other", () => {
    for (let first = 0; first < 256; first++) {
      expect(toHex(Huffman.encode(String.fromCharCode(first)))).toBe(toHex(fromBits(bitsOf(first))))
      let text = ""
      for (let second = 0; second < 256; second++) {
        text += String.fromCharCode(first, second)
      }
      expect(Huffman.decode(Huffman.encode(text))).toBe(text)
    }
  })

  it("knows the examples of appendix C", () => {
    expect(toHex(Huffman.encode("www.example.com"))).toBe("f1e3c2e5f23a6ba0ab90f4ff")
    expect(Huffman.decode(fromHex("9d29ad171863c78f0b97c8e9ae82ae43d3"))).toBe("https://www.example.com")
    expect(toHex(Huffman.encode(""))).toBe("")
    expect(Huffman.decode(new Uint8Array(0))).toBe("")
  })

  it("decodes what it encodes, in the length it said", () => {
    FastCheck.assert(
      FastCheck.property(octets, (text) => {
        const bytes = Huffman.encode(text)
        expect(bytes.length).toBe(Huffman.encodedLength(text))
        expect(Huffman.decode(bytes)).toBe(text)
      })
    )
  })

  it("has one encoding for each string: what decodes, encodes to the same octets", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 12 }), (bytes) => {
        let text: string
        try {
          text = Huffman.decode(bytes)
        } catch (error) {
          expect(error).toHaveProperty("reason", "InvalidHuffman")
          return
        }
        expect(toHex(Huffman.encode(text))).toBe(toHex(bytes))
      }),
      { numRuns: 1000 }
    )
  })

  it("decodes a part of an array", () => {
    expect(Huffman.decode(fromHex("ffff6402ffff"), 2, 4)).toBe("302")
    expect(Huffman.decode(fromHex("6402"), 0, 99)).toBe("302")
  })

  it("decodes long strings, of the shortest and the longest codes", () => {
    for (const text of ["0".repeat(100_000), "\n".repeat(20_000), "a".repeat(255), "a".repeat(256), "a".repeat(257)]) {
      expect(Huffman.decode(Huffman.encode(text))).toBe(text)
    }
  })

  it("refuses characters that are not octets", () => {
    expectHpackError(() => Huffman.encode("abc\u0100"), "InvalidCharacter", "5.2")
    expectHpackError(() => Huffman.encodedLength("\u20ac"), "InvalidCharacter", "5.2")
  })

  it("[rfc7541-5.2-1] refuses padding of more than 7 bits", () => {
    // symbols of five bits, as many as leave room for the given padding up to a whole octet
    for (let padding = 0; padding <= 29; padding++) {
      for (let symbols = 0; symbols < 8; symbols++) {
        if ((symbols * 5 + padding) % 8 === 0) {
          const bytes = fromBits(bitsOf(48).repeat(symbols) + "1".repeat(padding))
          if (padding <= 7) {
            expect(Huffman.decode(bytes)).toBe("0".repeat(symbols))
          } else {
            expectHpackError(() => Huffman.decode(bytes), "InvalidHuffman", "5.2")
          }
        }
      }
    }
    for (const hex of ["ff", "ffff", "ffffff", "07ff", "f1e3c2e5f23a6ba0ab90f4ffff"]) {
      expectHpackError(() => Huffman.decode(fromHex(hex)), "InvalidHuffman", "5.2")
    }
  })

  it("[rfc7541-5.2-2] refuses padding that is not a prefix of EOS", () => {
    // the five bits of "0", then every padding of three bits but the right one
    for (let padding = 0; padding < 7; padding++) {
      expectHpackError(() => Huffman.decode(Uint8Array.of(padding)), "InvalidHuffman", "5.2")
    }
    expect(Huffman.decode(Uint8Array.of(7))).toBe("0")
    // one wrong bit in each place of the padding of C.4.1
    expectHpackError(() => Huffman.decode(fromHex("f1e3c2e5f23a6ba0ab90f4fe")), "InvalidHuffman", "5.2")
  })

  it("[rfc7541-5.2-3] refuses EOS inside a string", () => {
    for (const before of ["", bitsOf(48), bitsOf(88), bitsOf(0)]) {
      for (const after of ["", bitsOf(48), bitsOf(88) + bitsOf(97)]) {
        expectHpackError(() => Huffman.decode(fromBits(before + bitsOf(256) + after)), "InvalidHuffman", "5.2")
      }
    }
    // as long as EOS, but for its last bit: the symbol 22
    expect(Huffman.decode(fromBits(bitsOf(22)))).toBe("\u0016")
  })
})
