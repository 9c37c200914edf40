/**
 * What a command takes, said once: for `@effect/cli`, which knows the commands, their help and the completions of shells, and for those who write command
 * lines as they do for curl. `@effect/cli` knows no `-XPOST`, no `-kso FILE` and no value that looks like an option; `normalize` writes these as it reads them.
 * Used by every command.
 */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import { UsageError } from "./failure.js"

/** One option of a command. */
export interface Definition<A> {
  readonly name: string
  readonly alias: string | undefined
  readonly takesValue: boolean
  readonly isRepeated: boolean
  readonly options: Options.Options<A>
}

export interface Definitions {
  readonly [key: string]: Definition<unknown>
}

/** Stands before each value in a normalized command line, where no argument of a process can have it: a value is then no option, whatever it says. */
const MARK = "\0"

/** The value as the user wrote it. */
export const unmark = (text: string): string => (text.startsWith(MARK) ? text.slice(1) : text)

const named = <A>(options: Options.Options<A>, alias: string | undefined, description: string): Options.Options<A> => {
  const described = Options.withDescription(options, description)
  return alias === undefined ? described : Options.withAlias(described, alias)
}

/** An option that is there or not. */
export const flag = (name: string, alias: string | undefined, description: string): Definition<boolean> => ({
  name,
  alias,
  takesValue: false,
  isRepeated: false,
  options: named(Options.boolean(name), alias, description)
})

const text = (name: string, alias: string | undefined, placeholder: string, description: string) =>
  Options.map(Options.withPseudoName(named(Options.text(name), alias, description), placeholder), unmark)

/** An option with a value; given more than once, the last holds. */
export const value = (
  name: string,
  alias: string | undefined,
  placeholder: string,
  description: string
): Definition<string | undefined> => ({
  name,
  alias,
  takesValue: true,
  isRepeated: false,
  options: Options.map(Options.optional(text(name, alias, placeholder, description)), Option.getOrUndefined)
})

/** An option with a value that may be given any number of times. */
export const values = (
  name: string,
  alias: string | undefined,
  placeholder: string,
  description: string
): Definition<ReadonlyArray<string>> => ({
  name,
  alias,
  takesValue: true,
  isRepeated: true,
  options: Options.map(
    Options.repeated(Options.withPseudoName(named(Options.text(name), alias, description), placeholder)),
    (all) => all.map(unmark)
  )
})

type Parsed<D extends Definitions> = {
  readonly [Key in keyof D]: D[Key] extends Definition<infer A> ? Options.Options<A> : never
}

/** The definitions, as `Command.make` takes them. */
export const toOptions = <const D extends Definitions>(definitions: D): Parsed<D> =>
  Object.fromEntries(Object.entries(definitions).map(([key, { options }]) => [key, options])) as Parsed<D>

/** What `@effect/cli` answers itself, whatever the command. */
const builtIn: ReadonlyMap<string, string> = new Map([
  ["--help", "--help"],
  ["-h", "--help"],
  ["--version", "--version"],
  ["--wizard", "--wizard"]
])

/** What was collected: the options in order, and what is none. */
class Normalized {
  private readonly options = new Map<Definition<unknown>, Array<string>>()
  private readonly positional: Array<string> = []

  add(definition: Definition<unknown>, given: string | undefined): void {
    const before = definition.isRepeated ? (this.options.get(definition) ?? []) : []
    this.options.set(definition, given === undefined ? before : [...before, given])
  }

  addPositional(given: string): void {
    this.positional.push(given)
  }

  get arguments(): ReadonlyArray<string> {
    const options = [...this.options].flatMap(([{ name, takesValue }, given]) =>
      takesValue ? given.flatMap((each) => [`--${name}`, MARK + each]) : [`--${name}`]
    )
    return [...options, "--", ...this.positional.map((each) => MARK + each)]
  }
}

const bySpelling = (definitions: Definitions): ReadonlyMap<string, Definition<unknown>> =>
  new Map(
    Object.values(definitions).flatMap((definition) => [
      [`--${definition.name}`, definition] as const,
      ...(definition.alias === undefined ? [] : [[`-${definition.alias}`, definition] as const])
    ])
  )

/** A cluster of short options: `-kv`, `-XPOST`, `-so FILE`. */
const splitCluster = (argument: string, known: ReadonlyMap<string, Definition<unknown>>): ReadonlyArray<string> => {
  const first = argument.slice(0, 2)
  const rest = argument.slice(2)
  if (rest === "") return [first]
  return known.get(first)?.takesValue === true ? [first, rest] : [first, ...splitCluster(`-${rest}`, known)]
}

/**
 * The arguments of one command, as `@effect/cli` reads them without a doubt: long options first, then `--`, then the rest. Those that it answers itself
 * stand alone. Fails with a `UsageError` for an option that the command does not have, and one whose value is missing.
 */
export const normalize = (
  command: string,
  definitions: Definitions,
  given: ReadonlyArray<string>
): ReadonlyArray<string> | UsageError => {
  const known = bySpelling(definitions)
  const normalized = new Normalized()
  const refuse = (reason: string): UsageError => new UsageError({ command, reason })
  const pending = [...given]
  for (let argument = pending.shift(); argument !== undefined; argument = pending.shift()) {
    if (argument === "--") {
      for (const each of pending.splice(0)) normalized.addPositional(each)
    } else if (!argument.startsWith("-") || argument === "-") {
      normalized.addPositional(argument)
    } else {
      const asked = builtIn.get(argument)
      if (asked !== undefined) return [asked]
      if (!argument.startsWith("--") && argument.length > 2) {
        pending.unshift(...splitCluster(argument, known))
        continue
      }
      const equals = argument.indexOf("=")
      const spelling = equals === -1 ? argument : argument.slice(0, equals)
      const definition = known.get(spelling)
      if (definition === undefined) return refuse(`there is no option ${spelling}`)
      if (!definition.takesValue) {
        if (equals !== -1) return refuse(`${spelling} takes no value`)
        normalized.add(definition, undefined)
      } else {
        const value = equals === -1 ? pending.shift() : argument.slice(equals + 1)
        if (value === undefined) return refuse(`${spelling} needs a value`)
        normalized.add(definition, value)
      }
    }
  }
  return normalized.arguments
}
