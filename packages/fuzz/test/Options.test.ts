/** The command line. */
import { expect, it } from "vitest"
import { targetNames } from "../src/input/input.js"
import * as Options from "../src/options.js"

const parse = (...args: ReadonlyArray<string>): Options.Options => Options.parse(args, 7, "/tmp")

it("has a default for everything", () => {
  expect(parse()).toEqual({ minutes: 1, targets: targetNames, seed: 7, replay: undefined, out: "/tmp", help: false })
})

it("takes times, targets, a seed and a file", () => {
  expect(parse("--minutes", "0.5", "--target", "server,frames", "--seed", "3", "--replay", "x")).toMatchObject({
    minutes: 0.5,
    targets: ["frames", "server"],
    seed: 3,
    replay: "x"
  })
})

it.each([["--minutes", "soon"], ["--minutes", ""], ["--seed", "-1"], ["--seed", "1.5"], ["--target", "x"], ["--fast"]])(
  "refuses %s %s",
  (...args) => {
    expect(() => parse(...args)).toThrow()
  }
)
