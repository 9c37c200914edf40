/** The mutants, as far as that can be seen without trying them: `npm run mutants` does. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { inFile, occurrences } from "../src/mutant.js"
import { mutants } from "../src/mutants.js"
import { register } from "../src/register.js"
import { rulesOf } from "../src/rule.js"
import { withoutMutant } from "../src/withoutMutant.js"

const root = new URL("../../../", import.meta.url)
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, root)), "utf8")

const rules = register.flatMap(rulesOf)
const broken = new Set(mutants.flatMap(({ rules }) => rules))

describe("mutants", () => {
  it("have their text exactly once in their file, and change it", () => {
    const astray = mutants.filter(({ file, find }) => occurrences(read(file), find) !== 1)
    expect(astray.map(({ file, find }) => `${file}: ${find}`)).toEqual([])
    expect(mutants.filter(({ find, replace }) => find === replace)).toEqual([])
  })

  it("are of the sources of the packages that are published", () => {
    const published = /^packages\/(hpack|http2|platform-node)\/src\/.*\.ts$/
    expect(mutants.filter(({ file }) => !published.test(file))).toEqual([])
  })

  it("are each there once", () => {
    const keys = mutants.map(({ file, find, replace }) => JSON.stringify([file, find, replace]))
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
    const [one, several] = inFile(
      "a.ts",
      { rule: "rfc1-2-1", find: "a", replace: "b" },
      { rule: ["rfc1-2-1", "rfc1-2-2"], find: "c", replace: "" }
    )
    expect(one).toEqual({ rules: ["rfc1-2-1"], file: "a.ts", find: "a", replace: "b" })
    expect(several?.rules).toEqual(["rfc1-2-1", "rfc1-2-2"])
  })

  it("finds its text, characters of patterns too", () => {
    expect(occurrences("if (a.b) [c] + if (a.b)", "if (a.b)")).toBe(2)
    expect(occurrences("axb", "a.b")).toBe(0)
  })
})
