/**
 * Runs one input that is written down. Called for kept seeds, for `--replay`, and to make a finding smaller.
 */
import { Choices } from "@effect-http2/testkit/choices"
import { Finding } from "../finding.js"
import type { Input } from "../input/input.js"
import { targets } from "../targets/targets.js"
import type { World } from "../world/world.js"

const choicesOf = (input: Input): Choices => {
  const made = input.steps.flatMap((step) => (step.kind === "choices" ? step.made : []))
  const seed = input.steps.find((step) => step.kind === "seed")
  return seed === undefined ? Choices.of(made) : Choices.from(made, seed.seed)
}

/** Throws what it finds. */
export const replay = (world: World, input: Input): void => {
  const target = targets[input.target]
  if (target.kind === "octets") target.run(world, input)
  else target.run(world, choicesOf(input))
}

/** What `run` finds; an exception that nobody expects is a finding too. Undefined where there is nothing. */
export const findingOf = (run: () => void): Finding | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Finding ? error : new Finding("defect", `thrown: ${String(error)}`, { cause: error })
  }
}
