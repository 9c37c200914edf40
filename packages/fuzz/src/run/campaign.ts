/**
 * One target and its inputs: where the next one comes from, and which are kept to go on from. Called by the fuzzer, over and over.
 */
import { Choices } from "@effect-http2/testkit/choices"
import type { Finding } from "../finding.js"
import type { Input, TargetName } from "../input/input.js"
import { mutate } from "../input/mutate.js"
import { targets } from "../targets/targets.js"
import type { World } from "../world/world.js"
import { findingOf } from "./replay.js"

/** So many inputs are kept; another takes the place of any. */
const mostKept = 500

export interface Found {
  readonly finding: Finding
  readonly input: Input
}

export class Campaign {
  /** Inputs run so far. */
  count = 0
  private readonly seen = new Set<string>()
  private next: number

  constructor(
    readonly name: TargetName,
    private readonly kept: Array<Input>,
    /** Where the decisions of its inputs begin. */
    seed: number,
    /** Told of each input before it is run. */
    private readonly onInput: (input: Input) => void
  ) {
    this.next = Math.imul(seed, 0x9e3779b1) >>> 0
  }

  get keptCount(): number {
    return this.kept.length
  }

  /** Runs one input. */
  step(world: World): Found | undefined {
    const target = targets[this.name]
    const seed = this.next
    const choices = Choices.ofSeed(seed)
    this.next = (this.next + 1) >>> 0
    this.count++
    if (target.kind === "conversation") {
      this.onInput({ target: this.name, steps: [{ kind: "seed", seed }] })
      const finding = findingOf(() => target.run(world, choices))
      return finding === undefined
        ? undefined
        : { finding, input: { target: this.name, steps: [{ kind: "choices", made: [...choices.made] }] } }
    }
    const input = this.input(choices, target.fresh)
    this.onInput(input)
    let traits: ReadonlyArray<string> = []
    const finding = findingOf(() => {
      traits = target.run(world, input)
    })
    if (finding !== undefined) return { finding, input }
    this.keep(input, traits, choices)
    return undefined
  }

  private input(choices: Choices, fresh: (choices: Choices) => Input): Input {
    if (this.kept.length === 0 || choices.once(8)) return fresh(choices)
    return mutate(choices.one(this.kept), choices.one(this.kept), choices)
  }

  private keep(input: Input, traits: ReadonlyArray<string>, choices: Choices): void {
    const isNew = traits.some((trait) => !this.seen.has(trait))
    if (!isNew || this.seen.size > 100_000) return
    for (const trait of traits) this.seen.add(trait)
    if (this.kept.length < mostKept) this.kept.push(input)
    else this.kept[choices.below(mostKept)] = input
  }
}
