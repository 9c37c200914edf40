/**
 * A finding made smaller: steps, octets and decisions are left out or made plain as long as it stays a finding of the same kind.
 */
import type { Input, Step } from "../input/input.js"
import { apart } from "../input/mutate.js"

/** A list with less in it: without a half, a quarter, and so on down to a single one. */
function* shorter<A>(list: ReadonlyArray<A>): Iterable<ReadonlyArray<A>> {
  for (let size = list.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)]
  }
}

/** Decisions that are plainer: zeros, and smaller ones. */
function* plainer(made: ReadonlyArray<number>): Iterable<ReadonlyArray<number>> {
  for (let size = made.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < made.length; at += size) {
      const part = made.slice(at, at + size)
      if (part.some((each) => each !== 0)) yield [...made.slice(0, at), ...part.map(() => 0), ...made.slice(at + size)]
    }
  }
  for (let at = 0; at < made.length; at++) {
    const each = made[at] ?? 0
    if (each > 1) yield made.map((other, index) => (index === at ? each >> 1 : other))
  }
}

const decisions = (input: Input): ReadonlyArray<number> | undefined => {
  const [step] = input.steps
  return step?.kind === "choices" ? step.made : undefined
}

function* smaller(input: Input): Iterable<Input> {
  const { steps, target } = input
  const made = decisions(input)
  if (made !== undefined) {
    for (const list of shorter(made)) yield { target, steps: [{ kind: "choices", made: list }] }
    for (const list of plainer(made)) yield { target, steps: [{ kind: "choices", made: list }] }
    return
  }
  for (const list of shorter(steps)) yield { target, steps: list }
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at]
    if (step === undefined) continue
    for (const other of smallerStep(step)) yield { target, steps: steps.map((each, i) => (i === at ? other : each)) }
  }
}

function* smallerStep(step: Step): Iterable<Step> {
  if (step.kind === "wait" && step.ms > 1) yield { kind: "wait", ms: step.ms >> 1 }
  if (step.kind !== "send") return
  const { octets } = step
  for (let size = octets.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < octets.length && size > octets.length >> 5; at += size) {
      yield { kind: "send", octets: Uint8Array.from([...octets.subarray(0, at), ...octets.subarray(at + size)]) }
    }
  }
}

/** The smallest that was found from `input` on within `ms`. `isSame`: whether an input still shows the finding. */
export const minimize = (input: Input, isSame: (input: Input) => boolean, ms: number): Input => {
  const until = performance.now() + ms
  let best = input
  const split: Input = { target: input.target, steps: apart(input.steps) }
  if (isSame(split)) best = split
  for (let isBetter = true; isBetter;) {
    isBetter = false
    for (const candidate of smaller(best)) {
      if (performance.now() > until) return best
      if (!isSame(candidate)) continue
      best = candidate
      isBetter = true
      break
    }
  }
  return best
}
