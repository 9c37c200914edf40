/**
 * Encoder and decoder against each other, over whole connections: lists of fields and changes of the table's size.
 */
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import * as HeaderField from "../src/HeaderField.js"
import { toHex, unlimited } from "./utils.js"

const octets = (maxLength: number): FastCheck.Arbitrary<string> =>
  FastCheck.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"))

const name = FastCheck.oneof(
  FastCheck.constantFrom(":path", ":status", "cookie", "set-cookie", "date", "etag", "server", "x-a", "x-b", "x-c"),
  octets(40)
)

const value = FastCheck.oneof(
  FastCheck.constantFrom("", "200", "/", "/a", "/a?b", "x".repeat(30), "Tue, 20 Nov 2025 11:08:00 GMT"),
  octets(200)
)

const field = FastCheck.tuple(name, value, FastCheck.integer({ min: 0, max: 9 })).map(([name, value, n]) =>
  HeaderField.make(name, value, { sensitive: n === 0 })
)

const step = FastCheck.record({
  sizes: FastCheck.array(FastCheck.constantFrom(0, 64, 200, 1000, 4096, 10000), { maxLength: 2 }),
  fields: FastCheck.array(field, { maxLength: 12 })
})

const steps = FastCheck.array(step, { maxLength: 12 })

const mustStaySensitive = (field: HeaderField.HeaderField): boolean =>
  field.sensitive ||
  field.name === "set-cookie" ||
  field.name === "authorization" ||
  field.name === "proxy-authorization" ||
  (field.name === "cookie" && field.value.length < 20)

describe("round trip", () => {
  it("returns every list as it was, whatever came before", () => {
    FastCheck.assert(
      FastCheck.property(
        steps,
        FastCheck.boolean(),
        FastCheck.constantFrom(0, 300, 4096, 8192),
        (steps, huffman, most) => {
          const encoder = Encoder.make({ huffman, maxHeaderTableSize: most })
          const decoder = Decoder.make(unlimited)
          for (const { fields, sizes } of steps) {
            for (const size of sizes) {
              encoder.setHeaderTableSize(size)
              decoder.setHeaderTableSize(size)
            }
            const block = encoder.encode(fields)
            expect(block.length).toBeLessThanOrEqual(Encoder.upperBound(fields))
            expect(decoder.decode(block)).toEqual({
              fields: fields.map((f) => new HeaderField.HeaderField(f.name, f.value, mustStaySensitive(f))),
              size: fields.reduce((total, f) => total + f.size, 0),
              overflow: "none"
            })
            expect(decoder.dynamicTableSize).toBeLessThanOrEqual(most)
          }
        }
      ),
      { numRuns: 300 }
    )
  })

  it("encodes a list to the same octets at the same generation, and decodes them to the same list", () => {
    FastCheck.assert(
      FastCheck.property(steps, (steps) => {
        const encoder = Encoder.make()
        const decoder = Decoder.make(unlimited)
        for (const { fields } of steps) {
          for (let i = 0; i < 3; i++) {
            const encoded = encoder.generation
            const block = encoder.encode(fields)
            const decoded = decoder.generation
            const list = decoder.decode(block)
            if (encoder.generation === encoded) {
              const again = encoder.encode(fields)
              expect(toHex(again)).toBe(toHex(block))
              expect(encoder.generation).toBe(encoded)
              expect(decoder.generation).toBe(decoded)
              expect(decoder.decode(again)).toEqual(list)
            }
          }
        }
      }),
      { numRuns: 200 }
    )
  })

  it("agrees on the table whatever the decoder's limits", () => {
    FastCheck.assert(
      FastCheck.property(steps, FastCheck.nat(200), FastCheck.nat(6), (steps, maxHeaderListSize, maxHeaderFields) => {
        const encoder = Encoder.make()
        const free = Decoder.make(unlimited)
        const bound = Decoder.make({ maxHeaderListSize, maxHeaderFields })
        for (const { fields } of steps) {
          const block = encoder.encode(fields)
          const all = free.decode(block)
          const some = bound.decode(block)
          expect(some.size).toBe(all.size)
          expect(some.fields).toEqual(all.fields.slice(0, some.fields.length))
          expect(some.overflow === "none").toBe(all.size <= maxHeaderListSize && all.fields.length <= maxHeaderFields)
          expect(bound.entries).toEqual(free.entries)
        }
      }),
      { numRuns: 200 }
    )
  })
})
