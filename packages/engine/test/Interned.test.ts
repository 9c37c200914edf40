import { describe, expect, it } from "vitest"
import { Interned } from "@effect-http2/engine/interned"

describe("interned", () => {
  it("gives the same value for the same key, made once", () => {
    const made: Array<string> = []
    const interned = new Interned((key: string) => {
      made.push(key)
      return { key }
    }, 10)
    expect(interned.get("a")).toBe(interned.get("a"))
    expect(interned.get("b")).toEqual({ key: "b" })
    expect(made).toEqual(["a", "b"])
  })

  it("keeps no more than its bound, and still answers", () => {
    const interned = new Interned((key: number) => ({ key }), 2)
    const first = [0, 1, 2].map((key) => interned.get(key))
    expect([0, 1, 2].map((key) => interned.get(key) === first[key])).toEqual([true, true, false])
    expect(interned.get(2)).toEqual({ key: 2 })
  })
})
