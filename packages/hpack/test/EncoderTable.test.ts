/**
 * What the encoder's dynamic table must not do and no block would show: hold on to names that it evicted.
 */
import { describe, expect, it } from "vitest"
import { HeaderField } from "../src/HeaderField.js"
import { EncoderTable } from "../src/internal/encoderTable.js"

describe("EncoderTable", () => {
  it("remembers the names of its entries, and no others", () => {
    const dynamic = new EncoderTable(400)
    for (let i = 0; i < 1000; i++) {
      dynamic.insert(undefined, new HeaderField(`x-${(i * i) % 37}`, `${i}`))
      const names = new Set(dynamic.table.toArray().map((field) => field.name))
      expect(new Set(dynamic.newestOther.keys())).toEqual(names)
    }
    dynamic.setCapacity(0)
    expect(dynamic.newestOther.size).toBe(0)
  })

  it("finds the newest entry of a name, and every value that is still there", () => {
    const dynamic = new EncoderTable(4096)
    for (let i = 0; i < 500; i++) {
      dynamic.insert(undefined, new HeaderField("x", `${i}`))
      expect(dynamic.find(dynamic.newestOf(undefined, "x"), `${i}`)).toBe(i)
      expect(dynamic.indexOf(i)).toBe(62)
    }
    const newest = dynamic.newestOf(undefined, "x")
    for (let i = 0; i < 500; i++) {
      expect(dynamic.find(newest, `${i}`)).toBe(i < dynamic.table.oldest ? -1 : i)
    }
  })
})
