/**
 * Which representation the encoder chooses for a field that is not in the tables (`internal/knownNames.ts`).
 */
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import * as HeaderField from "../src/HeaderField.js"
import type { Pairs } from "./utils.js"
import { fieldsOf, pairsOf, representation, toHex } from "./utils.js"

/** How a field is represented when it comes first, again and again. */
const representations = (name: string, value: string, times: number = 3, sensitive: boolean = false): Array<string> => {
  const encoder = Encoder.make()
  const field = HeaderField.make(name, value, { sensitive })
  return Array.from({ length: times }, () => representation(encoder.encode([field])))
}

const response: Pairs = [
  [":status", "200"],
  ["content-type", "application/json; charset=utf-8"],
  ["content-length", "1234"],
  ["server", "test"]
]

describe("Encoder policy", () => {
  it("never indexes what is sensitive", () => {
    for (const [name, value] of [
      ["authorization", "Basic dXNlcjpwYXNz"],
      ["proxy-authorization", "Basic dXNlcjpwYXNz"],
      ["set-cookie", "session=0123456789abcdef0123456789abcdef"],
      ["cookie", "a=1"],
      ["cookie", "x".repeat(19)]
    ] as const) {
      expect(representations(name, value)).toEqual(["never", "never", "never"])
    }
    expect(representations(":method", "GET", 3, true)).toEqual(["never", "never", "never"])
    expect(representations("x-api-key", "0123", 3, true)).toEqual(["never", "never", "never"])
  })

  it("never refers to a value in the table for a sensitive field", () => {
    const encoder = Encoder.make()
    encoder.encode([HeaderField.make("x-api-key", "0123")])
    const block = encoder.encode([HeaderField.make("x-api-key", "0123", { sensitive: true })])
    expect(representation(block)).toBe("never")
    expect(block.length).toBeGreaterThan(2)
  })

  it("indexes a cookie that is long enough", () => {
    expect(representations("cookie", "x".repeat(20))).toEqual(["indexed", "index", "index"])
  })

  it("does not index what seldom comes twice", () => {
    for (const name of [
      "age",
      "b3",
      "content-length",
      "etag",
      "if-modified-since",
      "if-none-match",
      "last-modified",
      "location",
      "traceparent",
      "tracestate",
      "x-b3-traceid",
      "x-request-id"
    ]) {
      expect(representations(name, "0123456789")).toEqual(["plain", "plain", "plain"])
    }
  })

  it("indexes a path at its second coming, unless it has a query or is long", () => {
    expect(representations(":path", "/users/1", 4)).toEqual(["plain", "indexed", "index", "index"])
    expect(representations(":path", "/users?id=1", 4)).toEqual(["plain", "plain", "plain", "plain"])
    expect(representations(":path", `/${"x".repeat(64)}`, 4)).toEqual(["plain", "plain", "plain", "plain"])
    const encoder = Encoder.make()
    const path = (i: number): string => representation(encoder.encode([HeaderField.make(":path", `/${i}`)]))
    for (let i = 0; i < 9; i++) {
      expect(path(i)).toBe("plain")
    }
    // the ninth pushed the first out of what is remembered
    expect(path(0)).toBe("plain")
    expect(path(8)).toBe("indexed")
  })

  it("does not index what takes more than three quarters of the table", () => {
    expect(representations("x-a", "x".repeat(3072 - 35))).toEqual(["indexed", "index", "index"])
    expect(representations("x-a", "x".repeat(3072 - 34))).toEqual(["plain", "plain", "plain"])
  })

  it("works without a table", () => {
    const encoder = Encoder.make({ maxHeaderTableSize: 0 })
    const decoder = Decoder.make()
    const first = encoder.encode(fieldsOf(response))
    expect(first[0]).toBe(0x20)
    expect(pairsOf(decoder.decode(first).fields)).toEqual(response)
    const generation = encoder.generation
    const second = encoder.encode(fieldsOf(response))
    expect(toHex(second)).toBe(toHex(first).slice(2))
    expect(pairsOf(decoder.decode(second).fields)).toEqual(response)
    expect(encoder.generation).toBe(generation)
    expect(decoder.dynamicTableLength).toBe(0)
  })
})
