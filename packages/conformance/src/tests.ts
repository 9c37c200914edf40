/** The tests that vitest collects, and the ids in their titles. Called by the program with what `collect.ts` got. */
import { relative, sep } from "node:path"

/** A test that carries the id of a rule. */
export interface Test {
  /** From the root of the repository, with `/`. */
  readonly file: string
  /** The whole title, suites first, without the ids. */
  readonly title: string
  readonly ids: ReadonlyArray<string>
}

/** A test as `vitest list --json` names it. Skipped ones are not among them. */
export interface Collected {
  readonly name: string
  readonly file: string
}

/** Anything in brackets that means to be an id, so that one with a slip of the pen is found, not overlooked. */
const bracketed = /\s*\[(rfc[^\]]*)\]/gi

/** The test, or undefined where its title carries no id. */
const fromCollected = ({ file, name }: Collected, root: string): Test | undefined => {
  const ids = [...name.matchAll(bracketed)].map(([, id]) => id ?? "")
  return ids.length === 0
    ? undefined
    : {
        file: relative(root, file).split(sep).join("/"),
        title: name.replaceAll(bracketed, "").trim(),
        ids: [...new Set(ids)]
      }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** The tests that carry ids, in an order that does not depend on which file vitest came to first. */
export const fromList = (list: ReadonlyArray<Collected>, root: string): ReadonlyArray<Test> =>
  // A suite that is run on both skins is collected twice.
  [...new Map(list.map((collected) => [`${collected.file}\n${collected.name}`, collected])).values()]
    .flatMap((collected) => fromCollected(collected, root) ?? [])
    .sort((one, other) => compare(one.file, other.file) || compare(one.title, other.title))

/** Whether a test is a conversation over a socket with a scripted peer. */
const isWire = ({ file }: Test): number => (file.startsWith("packages/platform-node/test/conformance/") ? 0 : 1)

/** Tests by id: first conversations over a socket, and of those first the ones that are about the fewest rules. */
export const byId = (tests: ReadonlyArray<Test>): ReadonlyMap<string, ReadonlyArray<Test>> => {
  const result = new Map<string, Array<Test>>()
  for (const test of tests) {
    for (const id of test.ids) result.set(id, [...(result.get(id) ?? []), test])
  }
  for (const found of result.values())
    found.sort((one, other) => isWire(one) - isWire(other) || one.ids.length - other.ids.length)
  return result
}
