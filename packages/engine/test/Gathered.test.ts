/** The octets of a body that is read to its end. */
import { concat } from "@effect-http2/engine/octets"
import { Gathered } from "@effect-http2/engine/stream/gathered"
import { filled, pattern } from "@effect-http2/testkit/octets"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"

describe("gathered", () => {
  it("is all that was added, in order, whether or not it was known how much comes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }), fc.boolean(), (sizes, isKnown) => {
        const source = pattern(sizes.reduce((sum, size) => sum + size, 0))
        const gathered = new Gathered(isKnown ? source.length : -1)
        let at = 0
        for (const size of sizes) {
          gathered.add(source.subarray(at, at + size))
          at += size
          expect(gathered.length).toBe(at)
        }
        expect(Buffer.compare(gathered.whole, source)).toBe(0)
      })
    )
  })

  it("takes no memory for what is only announced: four times what has come, at most", () => {
    const gathered = new Gathered(1_000_000)
    gathered.add(filled(100_000))
    gathered.add(filled(149_999))
    // Nothing was copied yet.
    expect(gathered.whole.length).toBe(249_999)
    gathered.add(filled(1))
    expect(gathered.whole.length).toBe(1_000_000)
  })

  it("is the one piece itself, where there is only one", () => {
    const octets = filled(10)
    const gathered = new Gathered(10)
    gathered.add(octets)
    expect(gathered.whole).toBe(octets)
    expect(new Gathered(0).whole).toEqual(concat([]))
  })
})
