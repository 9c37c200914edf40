/**
 * Inputs from inputs: changes of frames, of their order, of their cutting, of what happens between them; parts of two put together. Called by the
 * runner for the targets that read octets.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import { anyFrame } from "../model/anyFrame.js"
import { concat } from "@effect-http2/testkit/octets"
import { FrameReader, frame, preface } from "@effect-http2/testkit/rawFrame"
import { Mutation } from "../model/mutation.js"
import type { Input, Step } from "./input.js"

/** Steps of an input, and pieces of what is cut anew: a read costs the same whatever it carries. */
const most = 80
const mostPieces = 24

/** The octets of the frames in a read, one by one, where it has only whole ones. */
const split = (octets: Uint8Array): ReadonlyArray<Uint8Array> => {
  const hasPreface = octets.length >= preface.length && octets.subarray(0, 3).every((octet, i) => octet === preface[i])
  const from = hasPreface ? preface.length : 0
  const reader = new FrameReader()
  const frames = reader.read(octets.subarray(from))
  if (reader.left > 0 || frames.length === 0) return [octets]
  const parts = frames.map(({ flags, payload, streamId, type }) => frame(type, flags, streamId, payload))
  return hasPreface ? [octets.subarray(0, from), ...parts] : parts
}

const send = (octets: Uint8Array): Step => ({ kind: "send", octets })

/** Every frame a step of its own. */
export const apart = (steps: ReadonlyArray<Step>): Array<Step> =>
  steps.flatMap((step) => (step.kind === "send" ? split(step.octets).map(send) : [step]))

/** The same octets in other reads. */
const rechop = (steps: ReadonlyArray<Step>, choices: Choices): Array<Step> => {
  const result: Array<Step> = []
  let waiting: Array<Uint8Array> = []
  const flush = (): void => {
    const all = concat(waiting)
    waiting = []
    const isSmall = choices.once(4)
    const least = Math.ceil(all.length / mostPieces)
    for (let at = 0; at < all.length;) {
      const end = at + Math.max(least, isSmall ? choices.between(1, 4) : choices.size(all.length - at))
      result.push(send(all.subarray(at, end)))
      at = end
    }
  }
  for (const step of steps) {
    if (step.kind === "send") {
      waiting.push(step.octets)
      if (choices.once(4)) flush()
    } else {
      flush()
      result.push(step)
    }
  }
  flush()
  return result
}

const anyStep = (choices: Choices, isClient: boolean): Step => {
  switch (choices.below(isClient ? 12 : 10)) {
    case 0:
      return { kind: "wait", ms: choices.one([1, 50, 500, 1000, 10_000, 31_000, 61_000, 121_000]) }
    case 1:
      return { kind: "stall" }
    case 2:
      return { kind: "read" }
    case 3:
      return { kind: "reflexes", on: choices.once(2) }
    case 4:
      return choices.one<Step>([{ kind: "end" }, { kind: "reset" }, { kind: "close" }])
    case 9:
      return { kind: "update", form: choices.below(8) }
    case 10:
      return { kind: "wish", form: choices.below(64) }
    case 11:
      return { kind: "give-up", n: choices.below(4) }
    default:
      return send(anyFrame(choices))
  }
}

const change = (steps: Array<Step>, choices: Choices, other: ReadonlyArray<Step>, isClient: boolean): Array<Step> => {
  const at = choices.below(Math.max(1, steps.length))
  const step = steps[at]
  const count = choices.between(1, 6)
  switch (choices.below(9)) {
    case 0:
    case 1:
      if (step?.kind !== "send") return steps
      return [
        ...steps.slice(0, at),
        ...new Mutation(choices, 0, false).apply(step.octets).map(send),
        ...steps.slice(at + 1)
      ]
    case 2:
    case 3:
      return [...steps.slice(0, at), anyStep(choices, isClient), ...steps.slice(at)]
    case 4:
      return [...steps.slice(0, at), ...steps.slice(at + count)]
    case 5: {
      const part = steps.slice(at, at + count)
      const times = choices.one([1, 1, 2, 5, 20])
      return [...steps.slice(0, at), ...Array.from({ length: times }, () => part).flat(), ...steps.slice(at)]
    }
    case 6: {
      const target = choices.below(Math.max(1, steps.length))
      if (step === undefined) return steps
      const without = steps.filter((_, index) => index !== at)
      return [...without.slice(0, target), step, ...without.slice(target)]
    }
    case 7: {
      const from = choices.below(Math.max(1, other.length))
      return [...steps.slice(0, at), ...other.slice(from, from + choices.between(1, 20)), ...steps.slice(at)]
    }
    default: {
      const from = choices.below(Math.max(1, other.length))
      return [...steps.slice(0, at), ...other.slice(from)]
    }
  }
}

/** `input` with a few changes, some of them taken from `other`. */
export const mutate = (input: Input, other: Input, choices: Choices): Input => {
  let steps = apart(input.steps)
  const others = apart(other.steps)
  for (let left = choices.between(1, 5); left > 0; left--) {
    steps = change(steps, choices, others, input.target === "client").slice(0, most)
  }
  return { target: input.target, steps: choices.once(2) ? rechop(steps, choices) : steps }
}
