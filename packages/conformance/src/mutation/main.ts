/**
 * Program: `npm run mutants [-- --rule PREFIX] [--symbol NAME] [--file PATH]` tries the mutants, or those that break a rule whose id begins with PREFIX,
 * of a symbol that begins with NAME, in a file whose path has PATH in it; each may be given several times. For each rule of each mutant it runs the
 * tests whose titles carry the id: one of them has to fail. It ends with 1 where none does.
 */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { collect } from "../collect.js"
import type { Mutant } from "../mutant.js"
import { mutants } from "../mutants.js"
import * as Tests from "../tests.js"
import * as Copy from "./copy.js"
import type { Outcome } from "./outcome.js"
import * as Symbols from "./symbols.js"
import * as Vitest from "./vitest.js"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

/** A mutant and one of the rules that it breaks. */
interface Trial {
  readonly mutant: Mutant
  /** Undefined where its text is not there. */
  readonly place: Symbols.Place | undefined
  readonly rule: string
  /** Those of the tests that carry the rule's id. */
  readonly files: ReadonlyArray<string>
}

/** Which mutants to try: those that one of each holds for. */
interface Wanted {
  readonly rule: ReadonlyArray<string>
  readonly symbol: ReadonlyArray<string>
  readonly file: ReadonlyArray<string>
}

const placed = (root: string): ReadonlyArray<Pick<Trial, "mutant" | "place">> => {
  const symbols = Symbols.read(root)
  return mutants.map((mutant) => {
    const place = Symbols.placeOf(symbols, mutant)
    return { mutant, place: typeof place === "string" ? undefined : place }
  })
}

const trialsOf = (
  { file, rule, symbol }: Wanted,
  root: string,
  tests: ReadonlyArray<Tests.Test>
): ReadonlyArray<Trial> => {
  const byId = Tests.byId(tests)
  return placed(root)
    .filter(({ mutant }) => symbol.some((prefix) => mutant.symbol.startsWith(prefix)))
    .filter(({ place }) => file.some((part) => (place?.file ?? "").includes(part)))
    .flatMap((each) => each.mutant.rules.map((id) => ({ ...each, rule: id })))
    .filter((trial) => rule.some((prefix) => trial.rule.startsWith(prefix)))
    .map((trial) => ({ ...trial, files: [...new Set((byId.get(trial.rule) ?? []).map((test) => test.file))] }))
}

/** Without a mutant all tests pass: what fails anyway proves nothing. */
const checkUnbroken = async (copy: Copy.Copy, trials: ReadonlyArray<Trial>): Promise<void> => {
  const files = [...new Set(trials.flatMap((trial) => trial.files))]
  const rules = [...new Set(trials.map((trial) => trial.rule))]
  const outcome = await Vitest.run(copy.root, files, rules, 600_000)
  if (outcome._tag === "passed") return
  throw new Error(`without any mutant: ${outcome._tag}${"what" in outcome ? `, ${outcome.what}` : ""}`)
}

/** What became of a mutant, and whether that is as it should be. */
interface Verdict {
  readonly isKilled: boolean
  readonly text: string
}

const verdict = (outcome: Outcome): Verdict => {
  switch (outcome._tag) {
    case "passed":
      return { isKilled: false, text: "SURVIVED" }
    case "broken":
      return { isKilled: false, text: `DOES NOT RUN: ${outcome.what}` }
    case "timedOut":
      return { isKilled: true, text: "killed by time-out" }
    case "failed":
      return { isKilled: true, text: `killed by "${outcome.what}"` }
  }
}

/** The tests of the engine first, since they are the quickest; those with sockets where none of them fails. */
const runInSteps = async (copy: Copy.Copy, files: ReadonlyArray<string>, rule: string): Promise<Outcome> => {
  const isQuick = (file: string): boolean => !file.startsWith("packages/platform-node/")
  const steps = [files.filter(isQuick), files.filter((file) => !isQuick(file))].filter((step) => step.length > 0)
  for (const step of steps) {
    const outcome = await Vitest.run(copy.root, step, [rule])
    if (outcome._tag !== "passed") return outcome
  }
  return { _tag: "passed" }
}

const attempt = async (copy: Copy.Copy, { files, mutant, place, rule }: Trial): Promise<Verdict> => {
  if (place === undefined) return { isKilled: false, text: "FIND TEXT GONE" }
  if (files.length === 0) return { isKilled: false, text: "NO TEST" }
  const text = copy.read(place.file)
  const mutated = text.slice(0, place.position) + mutant.replace + text.slice(place.position + mutant.find.length)
  return verdict(await copy.withFile(place.file, mutated, () => runInSteps(copy, files, rule)))
}

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? ""

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rule: { type: "string", multiple: true, default: [""] },
      symbol: { type: "string", multiple: true, default: [""] },
      file: { type: "string", multiple: true, default: [""] }
    }
  })
  const copy = Copy.make(root)
  try {
    const trials = trialsOf(values, copy.root, Tests.fromList(collect(copy.root), copy.root))
    if (trials.length === 0) throw new Error("there is no such mutant")
    await checkUnbroken(copy, trials)
    let failures = 0
    for (const trial of trials) {
      const { isKilled, text } = await attempt(copy, trial)
      if (!isKilled) failures++
      console.log(`${trial.rule}: ${trial.mutant.symbol}: ${firstLine(trial.mutant.find)}: ${text}`)
    }
    console.log(`mutants: ${trials.length - failures} of ${trials.length} killed`)
    return failures === 0 ? 0 : 1
  } finally {
    copy.remove()
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
