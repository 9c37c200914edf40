import { describe, expect, it } from "vitest"
import * as Tests from "../src/tests.js"

const collected = (file: string, name: string): Tests.Collected => ({ file: `/root/packages/${file}`, name })

// Put together, so that these are not taken for ids in the title of a test.
const id = (rule: string): string => `[${rule}]`

describe("the list of tests", () => {
  it("gives the tests with ids, the ids taken out of their titles", () => {
    const list = [
      collected("one/test/A.test.ts", `a suite ${id("rfc1-2-1")} > begins ${id("rfc1-2-2")}, and goes on`),
      collected("one/test/A.test.ts", `${id("rfc1-2-1")} ${id("rfc1-2-1")} begins twice`),
      collected("one/test/A.test.ts", "has none [3]")
    ]
    expect(Tests.fromList(list, "/root")).toEqual([
      { file: "packages/one/test/A.test.ts", title: "a suite > begins, and goes on", ids: ["rfc1-2-1", "rfc1-2-2"] },
      { file: "packages/one/test/A.test.ts", title: "begins twice", ids: ["rfc1-2-1"] }
    ])
  })

  it.each(["rfc1", "rfc1 2.1", "RFC1-2-1", "rfc1-2-1, rfc1-2-2"])(
    "takes %s in brackets for an id, to be complained about",
    (slip) => {
      expect(Tests.fromList([collected("A.test.ts", `begins ${id(slip)}`)], "/root").flatMap(({ ids }) => ids)).toEqual(
        [slip]
      )
    }
  )

  it("is in the same order, whichever file was collected first", () => {
    const list = [
      collected("b.test.ts", `2 ${id("rfc1-2-1")}`),
      collected("a.test.ts", `3 ${id("rfc1-2-1")}`),
      collected("b.test.ts", `1 ${id("rfc1-2-1")}`)
    ]
    const titles = (of: ReadonlyArray<Tests.Collected>) => Tests.fromList(of, "/root").map(({ title }) => title)
    expect(titles(list)).toEqual(["3", "1", "2"])
    expect(titles([...list].reverse())).toEqual(["3", "1", "2"])
  })
})

describe("the tests of a rule", () => {
  const wire = "platform-node/test/conformance/a.test.ts"

  it("are those over a socket first, then those about the fewest rules", () => {
    const list = [
      collected("a.test.ts", `both ${id("rfc1-2-1")} ${id("rfc1-2-2")}`),
      collected("a.test.ts", `one ${id("rfc1-2-1")}`),
      collected(wire, `over a socket, both ${id("rfc1-2-1")} ${id("rfc1-2-2")}`),
      collected(wire, `over a socket, one ${id("rfc1-2-1")}`)
    ]
    const tests = Tests.byId(Tests.fromList(list, "/root"))
    expect(tests.get("rfc1-2-1")?.map(({ title }) => title)).toEqual([
      "over a socket, one",
      "over a socket, both",
      "one",
      "both"
    ])
    expect(tests.get("rfc1-2-2")?.map(({ title }) => title)).toEqual(["over a socket, both", "both"])
    expect(tests.get("rfc1-2-3")).toBeUndefined()
  })
})
