import { describe, expect, it } from "vitest"
import * as Hpack from "../src/index.js"

describe("HeaderField", () => {
  it("counts its octets and 32 (RFC 7541 section 4.1)", () => {
    const field = Hpack.HeaderField.make("name", "value")
    expect(field).toMatchObject({ name: "name", value: "value", sensitive: false, size: 41 })
    expect(new Hpack.HeaderField.HeaderField("", "").size).toBe(32)
    expect(Hpack.HeaderField.make("a", "b", { sensitive: true }).sensitive).toBe(true)
  })
})

describe("HpackError", () => {
  it("is an error with a tag, a reason and a section, which its message ends with", () => {
    const error = new Hpack.HpackError.HpackError("InvalidIndex", "2.3.3", "index 99 is beyond the tables")
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ _tag: "HpackError", name: "HpackError", reason: "InvalidIndex", section: "2.3.3" })
    expect(error.message).toBe("index 99 is beyond the tables (RFC 7541 §2.3.3)")
  })

  it("has a guard", () => {
    expect(Hpack.HpackError.isHpackError(new Hpack.HpackError.HpackError("InvalidIndex", "6.1", ""))).toBe(true)
    for (const other of [new Error("x"), null, undefined, "HpackError", {}]) {
      expect(Hpack.HpackError.isHpackError(other)).toBe(false)
    }
  })
})
