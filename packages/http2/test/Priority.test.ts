/** Priorities as values (RFC 9218 §4, RFC 8941 §3.2, §4.2). */
import * as Headers from "@effect-http2/http2/Headers"
import * as Priority from "@effect-http2/http2/Priority"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"

const of = (urgency: Priority.Urgency, incremental = false): Priority.Priority => ({ urgency, incremental })

describe("a Priority field", () => {
  it.each([
    ["u=0", of(0)],
    ["u=7, i", of(7, true)],
    ["i", of(3, true)],
    ["i=?1", of(3, true)],
    ["i=?0, u=5", of(5)],
    ["  u=1 \t,\t i  ", of(1, true)],
    ["u=1,i", of(1, true)],
    ["u=003", of(3)],
    // Parameters of members mean nothing yet.
    ['u=5;a;b=2.5; c="x\\"y\\\\";d=:YQ==:;e=?0;*f=tok/en:*, i;g', of(5, true)],
    ["u=2;u=6", of(2)],
    // RFC 8941 §4.2.2: of several the last counts, and nothing of the others.
    ["u=1, u=2", of(2)],
    ["i, i=?0", of(3)],
    ["u=1, u=8", of(3)],
    ["u=1, u", of(3)]
  ])("%s", (value, expected) => {
    expect(Priority.parse(value)).toEqual(expected)
  })

  it.each([
    ["unknown", "a, u=1, b=2, *x=tok, c-d_e.f=:YQ:, g=(1 2), h=-1.5"],
    ["unknown, with the names in capitals of their values", "a=U, u=1"],
    ["a list", "u=1, i=(?1 ?0)"],
    ["an empty list", "u=1, i=()"],
    ["a list with parameters", "u=1, i=( 1;a  tok;b=2 );c"],
    ["a token", "u=1, i=yes"],
    ["an integer", "u=1, i=1"],
    ["a string", 'u=1, i="?1"'],
    ["octets", "u=1, i=:YWJj:"]
  ])("[rfc9218-4-2] what is of another type or unknown is left out, and nothing else: %s", (_what, value) => {
    expect(Priority.parse(value)).toEqual(of(1))
  })

  it.each([
    ["above", "i, u=8"],
    ["below", "i, u=-1"],
    ["far above", "i, u=999999999999999"],
    ["a decimal", "i, u=1.0"],
    ["true", "i, u"],
    ["a token", "i, u=one"],
    ["a string", 'i, u="1"'],
    ["a list", "i, u=(1)"]
  ])("[rfc9218-4-2] an urgency out of range or of another type is left out, and nothing else: %s", (_what, value) => {
    expect(Priority.parse(value)).toEqual(of(3, true))
  })

  it.each([
    "",
    " ",
    ",",
    "u=1,",
    "u=1, ",
    ", u=1",
    "u=1,, i",
    "u=1 i",
    "u=1; ,i",
    "u=1;A",
    "U=1",
    "u = 1",
    "u= 1",
    "u=",
    "u=-",
    "u=1.",
    "u=1.2345",
    "u=1, a=1234567890123456",
    "u=1, a=1234567890123.0",
    "u=--1",
    "u=1, i=?",
    "u=1, i=?2",
    "u=1, i=?true",
    'u=1, a="',
    'u=1, a="\\n"',
    'u=1, a="\\',
    'u=1, a="\u00e9"',
    'u=1, a="\u007f"',
    "u=1, a=:YWJj",
    "u=1, a=:Y Q:",
    "u=1, a=(1",
    "u=1, a=(1,2)",
    'u=1, a=("b""c")',
    "u=1, a=@1659578233",
    "\tu=1",
    "u=1\n",
    "u=1\u00a0"
  ])("that is no dictionary, or an empty one, says nothing: %j", (value) => {
    expect(Priority.parse(value)).toEqual(Priority.defaults)
  })

  it("[rfc9218-4-2] any other members change nothing, wherever they stand", () => {
    const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/).filter((key) => key !== "u" && key !== "i")
    const bare = fc.oneof(
      fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }).map(String),
      fc.stringMatching(/^-?[0-9]{1,12}\.[0-9]{1,3}$/),
      fc.stringMatching(/^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}$/),
      fc.stringMatching(/^[ !#-[\]-~]{0,8}$/).map((text) => `"${text}"`),
      fc.uint8Array({ maxLength: 9 }).map((octets) => `:${Buffer.from(octets).toString("base64")}:`),
      fc.constantFrom("?0", "?1")
    )
    const parameters = fc
      .array(fc.tuple(key, fc.option(bare, { nil: undefined })), { maxLength: 3 })
      .map((all) => all.map(([key, value]) => (value === undefined ? `;${key}` : `; ${key}=${value}`)).join(""))
    const item = fc.tuple(bare, parameters).map(([value, after]) => `${value}${after}`)
    const member = fc.oneof(
      item.map((item) => `=${item}`),
      parameters,
      fc.tuple(fc.array(item, { maxLength: 3 }), parameters).map(([items, after]) => `=(${items.join("  ")})${after}`)
    )
    const other = fc.tuple(key, member).map(([key, value]) => `${key}${value}`)
    const separator = fc.constantFrom(",", ", ", " \t, ")
    fc.assert(
      fc.property(
        fc.array(other, { maxLength: 4 }),
        fc.array(other, { maxLength: 4 }),
        fc.integer({ min: 0, max: 7 }),
        fc.boolean(),
        separator,
        (before, after, urgency, incremental, separator) => {
          const own = incremental ? [`u=${urgency}`, "i"] : [`u=${urgency}`]
          const value = [...before, ...own, ...after].join(separator)
          fc.pre(value.length <= Priority.maxLength)
          expect([value, Priority.parse(value)]).toEqual([value, { urgency, incremental }])
        }
      ),
      { numRuns: 500 }
    )
  })

  it("is read whatever it is", () => {
    const near = fc.stringMatching(/^[ui=?01;,() :"\\.*@-]{0,16}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), near), (value) => {
        const { incremental, urgency } = Priority.parse(value)
        expect([Priority.isUrgency(urgency), typeof incremental]).toEqual([true, "boolean"])
      }),
      { numRuns: 2000 }
    )
  })

  it("that was written is read as it was meant, and says what differs from the defaults", () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7].filter(Priority.isUrgency).flatMap((u) => [of(u), of(u, true)])
    for (const priority of all) expect(Priority.parse(Priority.toField(priority))).toEqual(priority)
    expect(all.slice(4, 9).map(Priority.toField)).toEqual(["u=2", "u=2, i", "u=3", "i", "u=4"])
  })

  it("that is repeated is one field, of which the last parameters count; none says nothing", () => {
    const from = (...values: ReadonlyArray<string>) =>
      Priority.fromHeaders(Headers.make({ a: "u=1", priority: values }))
    expect(from("u=1", "i")).toEqual(of(1, true))
    expect(from("u=1, i", "u=5")).toEqual(of(5, true))
    expect(from("u=1", "u=")).toEqual(Priority.defaults)
    expect(from("")).toEqual(Priority.defaults)
    expect(from()).toBeUndefined()
  })

  it("is made of parameters over others; an urgency that is none is left out", () => {
    expect(Priority.make({})).toEqual(Priority.defaults)
    expect(Priority.make({ urgency: 1 }, of(5, true))).toEqual(of(1, true))
    expect(Priority.make({ incremental: false }, of(5, true))).toEqual(of(5))
    for (const urgency of [-1, 8, 1.5, Number.NaN]) {
      expect(Priority.make({ urgency: urgency as Priority.Urgency }, of(5))).toEqual(of(5))
    }
    expect([0, 7, -1, 8, 1.5, "1", undefined].map(Priority.isUrgency)).toEqual([true, true, ...Array(5).fill(false)])
  })
})
