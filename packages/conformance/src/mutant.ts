/**
 * Mutants: small edits of the sources, each of which breaks one rule and as little else as it can. A test that carries the rule's id has to fail then,
 * or it does not show the rule. The modules in `mutants/` hold them, and `mutation/` tries them.
 */

export interface Mutant {
  /** The rules that it breaks, by id: for each of them a test fails. */
  readonly rules: ReadonlyArray<string>
  /** The declaration that is edited, in whichever file it stands: `name` at the top of a file, `Owner.name` for a member. */
  readonly symbol: string
  /** Text that occurs in the declarations of this name exactly once, and what comes in its place. */
  readonly find: string
  readonly replace: string
}

/** A mutant as it is written down. */
export interface Edit {
  /** The id of the rule that it breaks, or of several. */
  readonly rule: string | ReadonlyArray<string>
  readonly in: string
  readonly find: string
  readonly replace: string
}

export const edits = (...all: ReadonlyArray<Edit>): ReadonlyArray<Mutant> =>
  all.map(({ find, in: symbol, replace, rule }) => ({
    rules: typeof rule === "string" ? [rule] : rule,
    symbol,
    find,
    replace
  }))

/** How often `find` occurs in `text`. */
export const occurrences = (text: string, find: string): number => text.split(find).length - 1
