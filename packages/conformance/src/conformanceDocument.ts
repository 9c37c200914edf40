/** `docs/conformance.md`: every rule, and the tests that show it or the reason why there is none. A pure function, called by the program. */
import * as Markdown from "./markdown.js"
import { rulesOf } from "./rule.js"
import type { Rule, Section, Specification } from "./rule.js"
import { byId } from "./tests.js"
import type { Test } from "./tests.js"

type TestsById = ReadonlyMap<string, ReadonlyArray<Test>>

/** How many tests of a rule are named. */
const NAMED = 3

/** Where a rule stands. A test counts for more than a reason that it binds somebody else, which then should go. */
type Standing = "tested" | "elsewhere" | "otherwise" | "open"

const standing = (rule: Rule, tests: TestsById): Standing => {
  if (rule.reason !== undefined && "otherwise" in rule.reason) return "otherwise"
  if (tests.has(rule.id)) return "tested"
  return rule.reason === undefined ? "open" : "elsewhere"
}

const link = (file: string): string => {
  const [, name = file] = /([^/]+)\.test\.ts$/.exec(file) ?? []
  return `[${Markdown.escape(name)}](../${file})`
}

const named = (tests: ReadonlyArray<Test>): ReadonlyArray<string> => {
  const others = tests.length - NAMED
  return [
    ...tests.slice(0, NAMED).map(({ file, title }) => `${link(file)}: ${Markdown.escape(title)}`),
    ...(others > 0 ? [`and ${others} more`] : [])
  ]
}

const reasons = ({ reason }: Rule): ReadonlyArray<string> => {
  if (reason === undefined) return []
  return "elsewhere" in reason
    ? [`_Elsewhere:_ ${Markdown.escape(reason.elsewhere)}`]
    : [`_Otherwise:_ ${Markdown.escape(reason.otherwise)}`]
}

const evidence = (rule: Rule, tests: TestsById): string => {
  const lines = [...reasons(rule), ...named(tests.get(rule.id) ?? [])]
  return lines.length === 0 ? "**open**" : lines.join("<br>")
}

const sectionBlocks = (specification: Specification, section: Section, tests: TestsById): ReadonlyArray<string> => [
  `### [${section.number}](https://www.rfc-editor.org/rfc/${specification.id}.html#section-${section.number}) ${Markdown.escape(section.heading)}`,
  Markdown.table(
    ["Rule", "What it asks", "Of", "Level", "Shown by"],
    section.rules.map((rule) => [
      rule.id.slice(specification.id.length + 1),
      Markdown.escape(rule.rule),
      rule.role,
      rule.level,
      evidence(rule, tests)
    ])
  )
]

const specificationHeading = ({ heading, id }: Specification): string =>
  `RFC ${id.replace("rfc", "")}: ${Markdown.escape(heading)}`

const columns: ReadonlyArray<readonly [level: Rule["level"], standing: Standing, heading: string]> = [
  ["MUST", "tested", "MUST: tested"],
  ["MUST", "elsewhere", "elsewhere"],
  ["MUST", "open", "open"],
  ["SHOULD", "tested", "SHOULD: tested"],
  ["SHOULD", "otherwise", "otherwise"],
  ["SHOULD", "elsewhere", "elsewhere"],
  ["SHOULD", "open", "open"]
]

const counts = (rules: ReadonlyArray<Rule>, tests: TestsById): ReadonlyArray<string> =>
  columns.map(([level, wanted]) =>
    String(rules.filter((rule) => rule.level === level && standing(rule, tests) === wanted).length)
  )

const summary = (register: ReadonlyArray<Specification>, tests: TestsById): string =>
  Markdown.table(
    ["Specification", "Rules", ...columns.map(([, , heading]) => heading)],
    [
      ...register.map((specification) => {
        const rules = rulesOf(specification)
        return [specificationHeading(specification), String(rules.length), ...counts(rules, tests)]
      }),
      ["All", String(register.flatMap(rulesOf).length), ...counts(register.flatMap(rulesOf), tests)].map(
        (cell) => `**${cell}**`
      )
    ]
  )

/** The document. Paths in it are relative to `docs`. */
export const render = (register: ReadonlyArray<Specification>, tests: ReadonlyArray<Test>): string => {
  const tied = byId(tests)
  const rules = register.flatMap(rulesOf)
  const shown = rules.filter((rule) => standing(rule, tied) === "tested").length
  return Markdown.document([
    "# Conformance",
    "Every rule of the specifications that this project is built on, in its own words, and what shows that it is kept. Written by `npm run conformance`; `npm test` fails where this file is not what the register and the tests say. Not edited by hand: a rule's words and reasons stand in `packages/conformance/src/rules`.",
    `${shown} of ${rules.length} rules are shown by tests that carry the rule's id in their titles, e.g. \`[rfc9113-6.9.1-3]\`. Of a rule that many tests show, three are named, first conversations over a socket with a scripted peer, then those that are about the fewest rules.`,
    [
      "- **tested**: a test fails where the rule is broken.",
      "- **elsewhere**: the rule binds somebody else, who is named: an intermediary, a registry, the TLS library, an application.",
      "- **otherwise**: a recommendation that is not followed, with the reason. A test of it shows what is done in its place.",
      "- **open**: neither; `npm test` fails."
    ].join("\n"),
    summary(register, tied),
    ...register.flatMap((specification) => [
      `## ${specificationHeading(specification)}`,
      ...specification.sections.flatMap((section) => sectionBlocks(specification, section, tied))
    ])
  ])
}
