import { describe, expect, it } from "vitest"
import * as Complaints from "../src/complaints.js"
import { register as published } from "../src/register.js"
import { must } from "../src/rule.js"
import type { Rule } from "../src/rule.js"
import { answer, begin, forward, specification, test, wait } from "./support.js"

const complaints = (rules: ReadonlyArray<Rule>, tests: ReadonlyArray<ReturnType<typeof test>>): ReadonlyArray<string> =>
  Complaints.ofRegister([specification(...rules)], tests)

describe("the register and the tests", () => {
  it("agree where every rule has a test or a reason", () => {
    const tests = [test("begins", begin), test("begins and answers", begin, answer)]
    expect(complaints([begin, answer, forward, wait], tests)).toEqual([])
  })

  it("a MUST with neither", () => {
    expect(complaints([begin, answer], [test("answers", answer)])).toEqual([
      "rfc1-2.1-1: MUST with neither a test nor a reason: A client begins."
    ])
  })

  it("a SHOULD with neither", () => {
    expect(complaints([begin, answer], [test("begins", begin)])).toEqual([
      "rfc1-2.1-2: SHOULD with neither a test nor a reason: A server answers."
    ])
  })

  it("a rule that is said to bind somebody else, and a test of it", () => {
    expect(complaints([forward], [test("does not forward", forward)])).toEqual([
      "rfc1-2.1-3: the register says that it binds somebody else, but a test shows it: does not forward (packages/one/test/Begin.test.ts)"
    ])
  })

  it("a recommendation that is not followed may have a test, of what is done in its place", () => {
    expect(complaints([wait], [test("goes on at once", wait)])).toEqual([])
  })

  it("an id in a title that is not registered", () => {
    expect(complaints([begin], [test("begins", begin), test("answers", answer)])).toEqual([
      "rfc1-2.1-2: not registered, in a title: answers (packages/one/test/Begin.test.ts)"
    ])
  })

  it("an id that is registered twice", () => {
    const again = must(begin.id, "server", "A server begins.")
    expect(complaints([begin, again], [test("begins", begin)])).toEqual(["rfc1-2.1-1: registered twice"])
  })

  it.each(["rfc1-2.2-1", "rfc2-2.1-1", "rfc1-2.1-0", "rfc1-2.1-x", "rfc1-2.1-1-1"])("%s in section 2.1", (id) => {
    const stray = must(id, "client", "A client strays.")
    expect(complaints([stray], [test("strays", stray)])).toEqual([`${id}: stands in section 2.1 of rfc1`])
  })
})

describe("the register and the requirements", () => {
  const required = [begin, answer].map(({ id, level }) => ({ id, level }))
  const compare = (...rules: ReadonlyArray<Rule>): ReadonlyArray<string> =>
    Complaints.ofRequirements([specification(...rules)], required)

  it("agree where they are the same", () => {
    expect(compare(begin, answer)).toEqual([])
  })

  it("a requirement that is not registered", () => {
    expect(compare(begin)).toEqual(["rfc1-2.1-2: not in the register"])
  })

  it("a rule that is no requirement", () => {
    expect(compare(begin, answer, wait)).toEqual(["rfc1-2.1-4: in no specification"])
  })

  it("another level", () => {
    expect(compare(begin, must(answer.id, "server", "A server answers."))).toEqual([
      "rfc1-2.1-2: SHOULD in the specification, MUST in the register"
    ])
  })
})

describe("a document", () => {
  const path = "docs/rules.md"

  it("is what would be written", () => {
    expect(Complaints.ofDocument({ path, expected: "one\ntwo\n", actual: "one\ntwo\n" })).toEqual([])
  })

  it("is missing", () => {
    expect(Complaints.ofDocument({ path, expected: "one\n", actual: undefined })).toEqual([
      "docs/rules.md: missing; npm run conformance writes it"
    ])
  })

  const stale = "docs/rules.md: not what the register and the tests say; npm run conformance writes it anew"

  it.each([
    { what: "another line", actual: "one\n2\n", lines: ["  - 2", "  + two"] },
    { what: "a line too few", actual: "one\n", lines: ["  + two"] },
    { what: "a line too many", actual: "one\ntwo\nthree\n", lines: ["  - three"] },
    { what: "no end of the last line", actual: "one\ntwo", lines: ["  + "] },
    { what: "another order", actual: "two\none\n", lines: ["  the same lines in another order"] }
  ])("has $what", ({ actual, lines }) => {
    expect(Complaints.ofDocument({ path, expected: "one\ntwo\n", actual })).toEqual([[stale, ...lines].join("\n")])
  })

  it("differs in so many lines that not all are shown", () => {
    const expected = Array.from({ length: 10 }, (_, index) => String(index)).join("\n")
    expect(Complaints.ofDocument({ path, expected, actual: "0" })).toEqual([
      [stale, ...["1", "2", "3", "4", "5", "6", "7", "8", "and 1 more"].map((line) => `  + ${line}`)].join("\n")
    ])
  })
})

describe("the register itself", () => {
  const rules = published.flatMap(({ sections }) => sections).flatMap((one) => one.rules)

  it("has every id once, in its section", () => {
    const tests = rules.map((rule) => test(rule.rule, rule))
    const wrong = /registered twice|stands in section/
    expect(Complaints.ofRegister(published, tests).filter((complaint) => wrong.test(complaint))).toEqual([])
  })

  it("has the rules of a section in order, without a gap", () => {
    for (const { sections } of published) {
      for (const one of sections) {
        expect(one.rules.map(({ id }) => Number(id.split("-").at(-1)))).toEqual(one.rules.map((_, index) => index + 1))
      }
    }
  })

  it("has no section twice", () => {
    for (const { sections } of published) {
      expect(new Set(sections.map(({ number }) => number)).size).toBe(sections.length)
    }
  })

  it("states each rule and each reason in a sentence of one line", () => {
    const reasons = rules.flatMap(({ reason }) =>
      reason === undefined ? [] : (Object.values(reason) as Array<string>)
    )
    for (const sentence of [...rules.map(({ rule }) => rule), ...reasons]) expect(sentence).toMatch(/^\S.*\.$/)
  })
})
