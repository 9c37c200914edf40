/** The command line. */
import { parseArgs } from "node:util"
import { type TargetName, targetNames } from "./input/input.js"

export interface Options {
  readonly minutes: number
  readonly targets: ReadonlyArray<TargetName>
  readonly seed: number
  /** The file of an input to run again. */
  readonly replay: string | undefined
  /** Where findings are written to. */
  readonly out: string
  readonly help: boolean
}

export const usage = `npm run fuzz -- [options]

  --minutes N      how long it runs (1); parts of a minute too
  --target a,b     the targets, all unless said otherwise:
                   ${targetNames.join(" ")}
  --seed N         where the decisions begin (the time of the start)
  --out FOLDER     where findings are written to (the folder for temporary files)
  --replay FILE    runs one input, and shows its frames
  --help           this
`

const targetsOf = (text: string | undefined): ReadonlyArray<TargetName> => {
  if (text === undefined) return targetNames
  const names = text.split(",").map((name) => name.trim())
  for (const name of names) {
    if (!targetNames.some((each) => each === name)) throw new Error(`--target: there is no ${name}`)
  }
  return targetNames.filter((name) => names.includes(name))
}

const positive = (name: string, text: string, isWhole: boolean): number => {
  const value = Number(text)
  const isRight = text !== "" && value >= 0 && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value))
  if (!isRight) throw new Error(`--${name} takes a number, not ${JSON.stringify(text)}`)
  return value
}

/** Reads the command line. Throws for what it does not know. `now` is the seed where none is given, `out` the folder. */
export const parse = (args: ReadonlyArray<string>, now: number, out: string): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      target: { type: "string" },
      seed: { type: "string", default: String(now) },
      out: { type: "string", default: out },
      replay: { type: "string" },
      help: { type: "boolean", default: false }
    }
  })
  return {
    minutes: positive("minutes", values.minutes, false),
    targets: targetsOf(values.target),
    seed: positive("seed", values.seed, true),
    replay: values.replay,
    out: values.out,
    help: values.help
  }
}
