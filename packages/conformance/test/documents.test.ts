import { table } from "@effect-http2/engine/stream/streamState"
import { describe, expect, it } from "vitest"
import * as ConformanceDocument from "../src/conformanceDocument.js"
import * as Markdown from "../src/markdown.js"
import * as StreamStatesDocument from "../src/streamStatesDocument.js"
import { answer, begin, forward, specification, test, wait } from "./support.js"

describe("the document of the rules", () => {
  const render = (...tests: ReadonlyArray<ReturnType<typeof test>>): ReadonlyArray<string> =>
    ConformanceDocument.render([specification(begin, answer, forward, wait)], tests).split("\n")

  const row = (lines: ReadonlyArray<string>, start: string): string | undefined =>
    lines.find((line) => line.startsWith(`| ${start} |`))

  it("has a row for each rule: its tests, or the reason, or that it is open", () => {
    const lines = render(test("begins | at once", begin))
    expect(lines).toContain("### [2.1](https://www.rfc-editor.org/rfc/rfc1.html#section-2.1) Beginnings")
    expect(row(lines, "2.1-1")).toBe(
      "| 2.1-1 | A client begins. | client | MUST | [Begin](../packages/one/test/Begin.test.ts): begins \\| at once |"
    )
    expect(row(lines, "2.1-2")).toBe("| 2.1-2 | A server answers. | server | SHOULD | **open** |")
    expect(row(lines, "2.1-3")).toBe(
      "| 2.1-3 | Nothing is forwarded. | neither | MUST | _Elsewhere:_ An intermediary. |"
    )
    expect(row(lines, "2.1-4")).toBe("| 2.1-4 | Everybody waits. | both | SHOULD | _Otherwise:_ There is no time. |")
  })

  it("counts what is tested, elsewhere, otherwise and open", () => {
    const lines = render(test("begins", begin))
    expect(row(lines, "RFC 1: A protocol")).toBe("| RFC 1: A protocol | 4 | 1 | 1 | 0 | 0 | 1 | 0 | 1 |")
    expect(row(lines, "**All**")).toBe("| **All** | **4** | **1** | **1** | **0** | **0** | **1** | **0** | **1** |")
    expect(lines.some((line) => line.startsWith("1 of 4 rules are shown by tests"))).toBe(true)
  })

  it("counts a rule that is elsewhere and has a test as tested, and says both", () => {
    const lines = render(test("does not forward", forward))
    expect(row(lines, "2.1-3")).toContain(
      "| _Elsewhere:_ An intermediary.<br>[Begin](../packages/one/test/Begin.test.ts): does not forward |"
    )
    expect(row(lines, "RFC 1: A protocol")).toBe("| RFC 1: A protocol | 4 | 1 | 0 | 1 | 0 | 1 | 0 | 1 |")
  })

  it("counts a rule that is kept otherwise and has a test as kept otherwise, and says both", () => {
    const lines = render(test("goes on at once", wait))
    expect(row(lines, "2.1-4")).toContain(
      "| _Otherwise:_ There is no time.<br>[Begin](../packages/one/test/Begin.test.ts): goes on at once |"
    )
    expect(row(lines, "RFC 1: A protocol")).toBe("| RFC 1: A protocol | 4 | 0 | 1 | 1 | 0 | 1 | 0 | 1 |")
  })

  it("names three tests of a rule, and counts the others", () => {
    const named = ["1", "2", "3"].map((title) => `[Begin](../packages/one/test/Begin.test.ts): ${title}`).join("<br>")
    const tests = ["1", "2", "3", "4", "5"].map((title) => test(title, begin))
    expect(row(render(...tests.slice(0, 3)), "2.1-1")).toContain(`| ${named} |`)
    expect(row(render(...tests), "2.1-1")).toContain(`| ${named}<br>and 2 more |`)
  })

  it.each([
    { what: "that is renamed", tests: [test("begins anew", begin)] },
    { what: "that vanishes", tests: [] },
    { what: "that is added", tests: [test("begins", begin), test("answers", answer)] }
  ])("changes with a test $what", ({ tests }) => {
    expect(render(...tests)).not.toEqual(render(test("begins", begin)))
  })
})

describe("the document of the states", () => {
  const lines = StreamStatesDocument.render(table).split("\n")

  it("has an arrow for each pair of states, with all the events that lead from one to the other", () => {
    expect(lines).toContain("    idle --> open : send HEADERS<br/>receive HEADERS")
    expect(lines).toContain("    open --> closed : receive RST_STREAM")
    expect(lines.filter((line) => /(\w+) --> \1 /.test(line))).toEqual([])
  })

  it("has labels that Mermaid can read: a colon before each, and none within", () => {
    const arrows = lines.filter((line) => line.includes(" --> ") && !line.includes("[*]"))
    expect(arrows.length).toBeGreaterThan(0)
    for (const arrow of arrows) expect(arrow).toMatch(/^ {4}\w+ --> \w+ : [^:;#\n]+$/)
  })

  it("has a row for each event, with what it leads to in each state", () => {
    expect(lines).toContain(
      "| receive RST_STREAM | PROTOCOL_ERROR | **closed** | **closed** | **closed** | **closed** | **closed** | **closed** | ignored |"
    )
  })

  it("changes with the table", () => {
    const changed = { ...table, open: table.closed }
    expect(StreamStatesDocument.render(changed).split("\n")).not.toEqual(lines)
  })

  it("is not drawn from a table with holes or unknown outcomes", () => {
    expect(() => StreamStatesDocument.render({ ...table, open: [] })).toThrow("no outcome of sendHeaders in open")
    expect(() => StreamStatesDocument.render({ ...table, open: table.open.map(() => 99) })).toThrow("of no name: 99")
  })
})

describe("text in Markdown", () => {
  it.each([
    [":path | * `a` <b> &amp; [c] \\", ":path \\| \\* \\`a\\` &lt;b> &amp;amp; \\[c\\] \\\\"],
    ["MAX_FRAME_SIZE and _this_", "MAX_FRAME_SIZE and \\_this\\_"],
    ["CR \r, LF \n, NUL \0", "CR \\x0d, LF \\x0a, NUL \\x00"]
  ])("shows %j as it is", (text, expected) => {
    expect(Markdown.escape(text).replaceAll("\\\\x", "\\x")).toBe(expected)
  })
})
