/**
 * What work on text costs, in steps: one for each call of what reads or makes text, and one more for each 64 characters that such a call goes through.
 */
type Method = (this: unknown, ...args: ReadonlyArray<unknown>) => unknown

const counted: ReadonlyArray<readonly [target: object, names: ReadonlyArray<string>]> = [
  [
    String.prototype,
    [
      "charCodeAt",
      "concat",
      "includes",
      "indexOf",
      "match",
      "replace",
      "slice",
      "split",
      "substring",
      "toLowerCase",
      "trim"
    ]
  ],
  [String, ["fromCharCode"]],
  [RegExp.prototype, ["exec", "test"]],
  [Array.prototype, ["join"]],
  [TextDecoder.prototype, ["decode"]]
]

/** Of what a call goes through: its own text, or its argument's. */
const lengthOf = (name: string, self: unknown, argument: unknown): number => {
  if (name === "charCodeAt") return 0
  if (typeof self === "string") return self.length
  return typeof argument === "string" ? argument.length : 0
}

/** How many steps `run` takes. */
export const countSteps = (run: () => void): number => {
  let steps = 0
  const restore: Array<() => void> = []
  for (const [target, names] of counted) {
    for (const name of names) {
      const original = Reflect.get(target, name) as Method
      const counting: Method = function (...args) {
        steps += 1 + (lengthOf(name, this, args[0]) >>> 6)
        return Reflect.apply(original, this, args)
      }
      Reflect.set(target, name, counting)
      restore.push(() => void Reflect.set(target, name, original))
    }
  }
  try {
    run()
  } finally {
    for (const undo of restore) undo()
  }
  return steps
}
