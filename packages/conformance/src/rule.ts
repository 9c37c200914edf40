/**
 * What the register is made of: specifications of sections of rules. The modules in `rules/` are written with `must` and `should`,
 * and everything else reads what they make.
 */

/** Whom a rule binds: `neither` end of a connection where it is about intermediaries, registries, or other protocols. */
export type Role = "client" | "server" | "both" | "neither"

/** Why a rule is not this project's to keep: whom it binds, in one line. */
export interface Elsewhere {
  readonly elsewhere: string
}

/** Why a recommendation is not followed, in one line. Tests with its id show what is done in its place. */
export interface Otherwise {
  readonly otherwise: string
}

interface Statement {
  /** `rfcN-SECTION-COUNT`, as it stands in the titles of tests. */
  readonly id: string
  readonly role: Role
  /** The rule in this project's own words, one line. */
  readonly rule: string
}

/** A rule that has to be kept. */
export interface Must extends Statement {
  readonly level: "MUST"
  readonly reason: Elsewhere | undefined
}

/** A rule that may be kept otherwise, with a reason. */
export interface Should extends Statement {
  readonly level: "SHOULD"
  readonly reason: Elsewhere | Otherwise | undefined
}

export type Rule = Must | Should

/** A section that states rules, with the heading it has in its specification. */
export interface Section {
  readonly number: string
  readonly heading: string
  readonly rules: ReadonlyArray<Rule>
}

/** A specification, with the sections in its own order. */
export interface Specification {
  /** E.g. `rfc9113`. */
  readonly id: string
  readonly heading: string
  readonly sections: ReadonlyArray<Section>
}

/** A rule that has to be kept; `reason` where somebody else has to. */
export const must = (id: string, role: Role, rule: string, reason?: Elsewhere): Must => ({
  id,
  level: "MUST",
  role,
  rule,
  reason
})

/** A rule that should be kept; `reason` where somebody else should, or where there is a reason for another choice. */
export const should = (id: string, role: Role, rule: string, reason?: Elsewhere | Otherwise): Should => ({
  id,
  level: "SHOULD",
  role,
  rule,
  reason
})

export const elsewhere = (reason: string): Elsewhere => ({ elsewhere: reason })

export const otherwise = (reason: string): Otherwise => ({ otherwise: reason })

export const section = (number: string, heading: string, ...rules: ReadonlyArray<Rule>): Section => ({
  number,
  heading,
  rules
})

/** The rules of a specification, in order. */
export const rulesOf = (specification: Specification): ReadonlyArray<Rule> =>
  specification.sections.flatMap(({ rules }) => rules)
