/** What is wrong with the register, the tests, or the documents, a line each. Pure functions, called by the program. */
import type { Requirement } from "./requirements.js"
import { rulesOf } from "./rule.js"
import type { Rule, Specification } from "./rule.js"
import { byId } from "./tests.js"
import type { Test } from "./tests.js"

const rulesIn = (register: ReadonlyArray<Specification>): ReadonlyArray<Rule> => register.flatMap(rulesOf)

const ofRule = (rule: Rule, tests: ReadonlyArray<Test>): ReadonlyArray<string> => {
  const [test] = tests
  if (test === undefined) {
    return rule.reason === undefined ? [`${rule.id}: ${rule.level} with neither a test nor a reason: ${rule.rule}`] : []
  }
  // A test of what is kept otherwise shows how.
  if (rule.reason === undefined || "otherwise" in rule.reason) return []
  return [
    `${rule.id}: the register says that it binds somebody else, but a test shows it: ${test.title} (${test.file})`
  ]
}

const repeated = (rules: ReadonlyArray<Rule>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  return rules.flatMap(({ id }) => {
    const twice = seen.has(id)
    seen.add(id)
    return twice ? [`${id}: registered twice`] : []
  })
}

const standsIn = (id: string, prefix: string): boolean =>
  id.startsWith(prefix) && /^[1-9][0-9]*$/.test(id.slice(prefix.length))

const misplaced = (register: ReadonlyArray<Specification>): ReadonlyArray<string> =>
  register.flatMap((specification) =>
    specification.sections.flatMap(({ number, rules }) =>
      rules
        .filter(({ id }) => !standsIn(id, `${specification.id}-${number}-`))
        .map(({ id }) => `${id}: stands in section ${number} of ${specification.id}`)
    )
  )

/** What the register and the titles of the tests say against each other. */
export const ofRegister = (
  register: ReadonlyArray<Specification>,
  tests: ReadonlyArray<Test>
): ReadonlyArray<string> => {
  const rules = rulesIn(register)
  const registered = new Set(rules.map(({ id }) => id))
  const tied = byId(tests)
  return [
    ...repeated(rules),
    ...misplaced(register),
    ...tests.flatMap(({ file, ids, title }) =>
      ids.filter((id) => !registered.has(id)).map((id) => `${id}: not registered, in a title: ${title} (${file})`)
    ),
    ...rules.flatMap((rule) => ofRule(rule, tied.get(rule.id) ?? []))
  ]
}

/** Where the register differs from the list that was drawn from the specifications. */
export const ofRequirements = (
  register: ReadonlyArray<Specification>,
  requirements: ReadonlyArray<Requirement>
): ReadonlyArray<string> => {
  const rules = rulesIn(register)
  const registered = new Map(rules.map((rule) => [rule.id, rule.level]))
  const required = new Map(requirements.map(({ id, level }) => [id, level]))
  return [
    ...requirements.flatMap(({ id, level }) => {
      const ours = registered.get(id)
      if (ours === undefined) return [`${id}: not in the register`]
      return ours === level ? [] : [`${id}: ${level} in the specification, ${ours} in the register`]
    }),
    ...rules.filter(({ id }) => !required.has(id)).map(({ id }) => `${id}: in no specification`)
  ]
}

/** A document as it would be written, and as it is. */
export interface Document {
  readonly path: string
  readonly expected: string
  /** Undefined where there is no such file. */
  readonly actual: string | undefined
}

/** How many lines of a difference are shown. */
const SHOWN = 8

/** The lines of one text that the other has not. */
const only = (mark: string, one: string, other: string): ReadonlyArray<string> => {
  const known = new Set(other.split("\n"))
  const lines = one.split("\n").filter((line) => !known.has(line))
  const others = lines.length - SHOWN
  return [
    ...lines.slice(0, SHOWN).map((line) => `  ${mark} ${line}`),
    ...(others > 0 ? [`  ${mark} and ${others} more`] : [])
  ]
}

/** Where a document is not what would be written: with `-` what it has too much, with `+` what is missing. */
export const ofDocument = ({ actual, expected, path }: Document): ReadonlyArray<string> => {
  if (actual === expected) return []
  if (actual === undefined) return [`${path}: missing; npm run conformance writes it`]
  const difference = [...only("-", actual, expected), ...only("+", expected, actual)]
  return [
    [
      `${path}: not what the register and the tests say; npm run conformance writes it anew`,
      ...(difference.length === 0 ? ["  the same lines in another order"] : difference)
    ].join("\n")
  ]
}
