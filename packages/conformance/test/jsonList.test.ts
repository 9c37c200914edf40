import { describe, expect, it } from "vitest"
import * as JsonList from "../src/jsonList.js"

describe("a list in JSON", () => {
  it("is taken as it is where every entry has its texts", () => {
    const list = [
      { id: "one", level: "MUST", more: 1 },
      { id: "two", level: "" }
    ]
    expect(JsonList.parse(JSON.stringify(list), "the list", "id", "level")).toEqual(list)
    expect(JsonList.parse("[]", "the list", "id")).toEqual([])
  })

  it.each(["{}", "null", '"id"', "[null]", "[1]", '[["id"]]', "[{}]", '[{ "id": 1 }]', '[{ "id": "one" }, {}]'])(
    "%s is none",
    (json) => {
      expect(() => JsonList.parse(json, "the list", "id")).toThrow("the list: not a list of objects with id")
    }
  )

  it("names all that is missing", () => {
    expect(() => JsonList.parse('[{ "id": "one" }]', "it", "id", "level")).toThrow("with id and level")
  })
})
