/**
 * Mutants: small edits of the sources, each of which breaks one rule and as little else as it can. A test that carries the rule's id has to fail then,
 * or it does not show the rule. The modules in `mutants/` hold them, and `mutation/` tries them.
 */

export interface Mutant {
  /** The rules that it breaks, by id: for each of them a test fails. */
  readonly rules: ReadonlyArray<string>
  /** From the root of the repository, with `/`. */
  readonly file: string
  /** Text that occurs in the file exactly once, and what comes in its place. */
  readonly find: string
  readonly replace: string
}

/** An edit of a file that is named once for many. */
export interface Edit {
  /** The id of the rule that it breaks, or of several. */
  readonly rule: string | ReadonlyArray<string>
  readonly find: string
  readonly replace: string
}

/** Mutants of one file. */
export const inFile = (file: string, ...edits: ReadonlyArray<Edit>): ReadonlyArray<Mutant> =>
  edits.map(({ find, replace, rule }) => ({ rules: typeof rule === "string" ? [rule] : rule, file, find, replace }))

/** How often `find` occurs in `text`. */
export const occurrences = (text: string, find: string): number => text.split(find).length - 1
