/** Inputs as text, changed, and made smaller. */
import { describe, expect, it } from "vitest"
import { Choices } from "@effect-http2/testkit/choices"
import { format, type Input, parse } from "../src/input/input.js"
import { apart, mutate } from "../src/input/mutate.js"
import { minimize } from "../src/run/minimize.js"
import { concat } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const input: Input = {
  target: "client",
  steps: [
    { kind: "reflexes", on: true },
    { kind: "wish", form: 3 },
    { kind: "send", octets: Uint8Array.from(concat([Raw.settings([4, 5]), Raw.settingsAck])) },
    { kind: "wait", ms: 20 },
    { kind: "give-up", n: 0 },
    { kind: "update", form: 2 },
    { kind: "stall" },
    { kind: "end" }
  ]
}

describe("an input", () => {
  it("is read as it was written", () => {
    expect(parse(format(input, ["what it shows,\nin two lines", "and why"]))).toEqual(input)
  })

  it("may have comments, and octets over several lines", () => {
    expect(parse("# why\ntarget hpack\nsend 82 # GET\n  86\ntable 100\n")).toEqual({
      target: "hpack",
      steps: [
        { kind: "send", octets: Uint8Array.of(0x82, 0x86) },
        { kind: "table", size: 100 }
      ]
    })
  })

  it.each(["", "send 00", "target nobody", "target server\nsend 0", "target server\nwait x", "target server\nfly 1"])(
    "is refused where it cannot be read: %j",
    (text) => {
      expect(() => parse(text)).toThrow()
    }
  )

  it("is put apart into frames", () => {
    expect(apart(input.steps)).toHaveLength(input.steps.length + 1)
  })

  it("is changed in the same way for the same decisions, and left alone itself", () => {
    const before = format(input)
    for (let seed = 0; seed < 200; seed++) {
      const changed = mutate(input, input, Choices.ofSeed(seed))
      expect(format(mutate(input, input, Choices.ofSeed(seed)))).toBe(format(changed))
      expect(format(parse(format(changed)))).toBe(format(changed))
    }
    expect(format(input)).toBe(before)
  })

  it("is made as small as it can be", () => {
    const has = (step: Input["steps"][number]): boolean => step.kind === "send" && step.octets.includes(5)
    const small = minimize(input, (candidate) => candidate.steps.some(has), 10_000)
    expect(small.steps).toEqual([{ kind: "send", octets: Uint8Array.of(5) }])
  })

  it("of decisions is made as small as it can be", () => {
    const made = [9, 4, 7, 1, 8]
    const small = minimize(
      { target: "server-valid", steps: [{ kind: "choices", made }] },
      ({ steps: [step] }) => step?.kind === "choices" && step.made.some((each) => each >= 4),
      10_000
    )
    expect(small.steps).toEqual([{ kind: "choices", made: [4] }])
  })
})

describe("decisions", () => {
  it("are the same for the same seed, and can be had again", () => {
    const first = Choices.ofSeed(7)
    const drawn = Array.from({ length: 50 }, () => first.size(1000))
    const again = Choices.of(first.made)
    expect(Array.from({ length: 50 }, () => again.size(1000))).toEqual(drawn)
    expect(again.below(100)).toBe(0)
  })
})
