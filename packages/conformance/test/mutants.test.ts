/** The mutants, as far as that can be seen without trying them: `npm run mutants` does. */
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { edits, occurrences } from "../src/mutant.js"
import { mutants } from "../src/mutants.js"
import * as Symbols from "../src/mutation/symbols.js"
import { register } from "../src/register.js"
import { rulesOf } from "../src/rule.js"
import { withoutMutant } from "../src/withoutMutant.js"

const symbols = Symbols.read(fileURLToPath(new URL("../../../", import.meta.url)))

const rules = register.flatMap(rulesOf)
const broken = new Set(mutants.flatMap(({ rules }) => rules))

describe("mutants", () => {
  it("have their text exactly once in their symbol, and change it", () => {
    const astray = mutants.flatMap((mutant) => {
      const place = Symbols.placeOf(symbols, mutant)
      return typeof place === "string" ? [`${mutant.symbol}: ${mutant.find}: ${place}`] : []
    })
    expect(astray).toEqual([])
    expect(mutants.filter(({ find, replace }) => find === replace)).toEqual([])
  })

  it("are each there once", () => {
    const keys = mutants.map(({ find, replace, symbol }) => JSON.stringify([symbol, find, replace]))
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  })

  it("break rules that are registered, and bind us", () => {
    const bound = new Set(
      rules.filter(({ reason }) => reason === undefined || "otherwise" in reason).map(({ id }) => id)
    )
    expect([...broken].filter((id) => !bound.has(id))).toEqual([])
  })

  it("break every MUST that tests show, but for those that have a reason", () => {
    const shown = rules.filter(({ level, reason }) => level === "MUST" && reason === undefined).map(({ id }) => id)
    expect(shown.filter((id) => !broken.has(id) && withoutMutant[id] === undefined)).toEqual([])
    expect(Object.keys(withoutMutant).filter((id) => broken.has(id) || !shown.includes(id))).toEqual([])
  })
})

describe("a mutant", () => {
  it("may break several rules, or one", () => {
    const [one, several] = edits(
      { rule: "rfc1-2-1", in: "f", find: "a", replace: "b" },
      { rule: ["rfc1-2-1", "rfc1-2-2"], in: "C.m", find: "c", replace: "" }
    )
    expect(one).toEqual({ rules: ["rfc1-2-1"], symbol: "f", find: "a", replace: "b" })
    expect(several?.rules).toEqual(["rfc1-2-1", "rfc1-2-2"])
  })

  it("finds its text, characters of patterns too", () => {
    expect(occurrences("if (a.b) [c] + if (a.b)", "if (a.b)")).toBe(2)
    expect(occurrences("axb", "a.b")).toBe(0)
  })
})

describe("a symbol", () => {
  const text = `/** limit */
export const limit = 1
const f = () => limit + limit
export class C {
  constructor(readonly a: number) {}
  private m(): number { return limit }
  get limit(): number { return 2 }
}
export interface I { readonly limit: number }
`
  const found = new Map<string, Array<ReturnType<typeof Symbols.declarationsOf>[number][1]>>()
  for (const file of ["one.ts", "two.ts"]) {
    for (const [name, declaration] of Symbols.declarationsOf(file, file === "one.ts" ? text : "function g() {}")) {
      found.set(name, [...(found.get(name) ?? []), declaration])
    }
  }
  const place = (symbol: string, find: string) => Symbols.placeOf(found, { symbol, find })

  it("is a declaration at the top of a file, or a member of one", () => {
    expect([...found.keys()]).toEqual(["limit", "f", "C", "C.constructor", "C.m", "C.limit", "I", "I.limit", "g"])
    expect(place("C.m", "return limit")).toEqual({ file: "one.ts", position: text.indexOf("return limit") })
    expect(place("limit", "export const limit = 1")).toMatchObject({ position: text.indexOf("export") })
  })

  it("says where it does not give one place", () => {
    expect(place("h", "limit")).toBe("no such symbol")
    expect(place("f", "limit")).toBe("its text is there 2 times")
    expect(place("g", "limit")).toBe("its text is there 0 times")
  })
})
