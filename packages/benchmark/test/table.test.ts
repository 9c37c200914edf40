import { describe, expect, it } from "vitest"
import { alternate } from "../src/measure.js"
import type { Row, Sample } from "../src/measure.js"
import { median, spread } from "../src/statistics.js"
import { render } from "../src/table.js"

const sample = (rate: number): Sample => ({
  rate,
  cpuMicros: 1_000_000 / rate,
  busy: 1,
  foreign: 0,
  peakBytes: 64 * 1_048_576,
  detail: "4, date"
})

const row = (id: string, ...rates: ReadonlyArray<number>): Row => ({
  id,
  label: id.toUpperCase(),
  samples: rates.map(sample),
  failures: []
})

const options = {
  title: "title",
  reference: "b",
  referenceLabel: "B",
  unit: "request",
  detail: "fields sent",
  notes: ["C is left out: not installed"]
}

describe("median and spread", () => {
  it.each([
    [[], undefined, undefined],
    [[3], 3, undefined],
    [[9, 1, 5], 5, 1.6],
    [[4, 2, 8, 6], 5, 1.2],
    [[0, 0], 0, undefined]
  ])("of %j", (values, middle, apart) => {
    expect(median(values)).toBe(middle)
    expect(spread(values)).toBe(apart)
  })
})

describe("table", () => {
  it("shows medians and ratios", () => {
    expect(render([row("a", 3000, 1000, 2000), row("b", 1000, 1000, 900)], options)).toBe(
      `title
            requests/s    x B  spread  CPU us/request  less CPU  busy  peak MiB  fields sent
A                2,000  2.00x    100%             500     2.00x  100%      64.0  4, date
B                1,000  1.00x     10%           1,000     1.00x  100%      64.0  4, date
  C is left out: not installed
`
    )
  })

  it("shows no figure of a row with a failed run, and no ratio to it", () => {
    const table = render([row("a", 1000), { ...row("b", 1000), failures: ["3 of 9 requests failed"] }], options)
    expect(table).toContain("B           INVALID: 3 of 9 requests failed")
    expect(table).not.toContain("1.00x")
  })

  it("shows a dash for what could not be measured", () => {
    const unknown = {
      ...sample(1000),
      cpuMicros: undefined,
      busy: undefined,
      foreign: undefined,
      peakBytes: undefined,
      detail: ""
    }
    const [, , line] = render([{ ...row("b"), samples: [unknown] }], options).split("\n")
    expect(line?.split(/\s+/)).toEqual(["B", "1,000", "1.00x", "-", "-", "-", "-", "-"])
  })
})

describe("disturbance", () => {
  it.each([
    [0.05, false],
    [0.4, true]
  ])("of %d of the core is told: %s", (foreign, told) => {
    const disturbed = { ...row("b"), samples: [sample(1000), { ...sample(1000), foreign }] }
    expect(render([disturbed], options).includes("DISTURBED: others took up to 40%")).toBe(told)
  })
})

describe("alternating runs", () => {
  it("begin each round with another contender, and leave out one that failed", async () => {
    const order: Array<string> = []
    const contender = (id: string) => ({
      id,
      label: id,
      run: () => {
        order.push(id)
        return id === "b" ? Promise.reject(new Error("broken")) : Promise.resolve(sample(1))
      }
    })
    const rows = await alternate(["a", "b", "c"].map(contender), 3, () => undefined)
    expect(order).toEqual(["a", "b", "c", "c", "a", "c", "a"])
    expect(rows.map(({ failures, samples }) => [samples.length, failures])).toEqual([
      [3, []],
      [0, ["broken"]],
      [3, []]
    ])
  })
})
