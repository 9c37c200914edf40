/** A small register, and tests for it. */
import { elsewhere, must, otherwise, section, should } from "../src/rule.js"
import type { Rule, Specification } from "../src/rule.js"
import type { Test } from "../src/tests.js"

export const specification = (...rules: ReadonlyArray<Rule>): Specification => ({
  id: "rfc1",
  heading: "A protocol",
  sections: [section("2.1", "Beginnings", ...rules)]
})

export const begin = must("rfc1-2.1-1", "client", "A client begins.")
export const answer = should("rfc1-2.1-2", "server", "A server answers.")
export const forward = must("rfc1-2.1-3", "neither", "Nothing is forwarded.", elsewhere("An intermediary."))
export const wait = should("rfc1-2.1-4", "both", "Everybody waits.", otherwise("There is no time."))

export const test = (title: string, ...rules: ReadonlyArray<Rule>): Test => ({
  file: "packages/one/test/Begin.test.ts",
  title,
  ids: rules.map(({ id }) => id)
})
