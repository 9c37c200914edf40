/**
 * Fields of messages: what a correct peer may send, and what the engine makes of it.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import type { Pair, Pairs } from "@effect-http2/testkit/fieldBlock"

const names = [
  "accept",
  "user-agent",
  "x-a",
  "x-b",
  "cache-control",
  "cookie",
  "te",
  "if-none-match",
  "priority"
] as const
const tokens = "abcdefghijklmnopqrstuvwxyz0123456789-!#$%&'*+.^_`|~"

const name = (choices: Choices): string => {
  if (!choices.once(4)) return choices.one(names)
  let text = "x"
  for (let i = choices.below(20); i > 0; i--) text += tokens.charAt(choices.below(tokens.length))
  return text
}

/** Visible octets, and now and then blanks between and octets beyond ASCII. */
export const value = (choices: Choices, most: number): string => {
  const length = choices.once(8) ? choices.size(most) : choices.below(24)
  // One decision for many characters: what they are is of little interest.
  const first = choices.below(64)
  const isExotic = choices.once(4)
  let text = ""
  for (let i = 0; i < length; i++) {
    const code = (first + i * 7) % (isExotic ? 222 : 94)
    text += String.fromCharCode(code < 94 ? 0x21 + code : 0x22 + code)
  }
  return isExotic && length > 4 ? `${text.slice(0, 2)}\t ${text.slice(4)}` : text
}

/** A value that the field needs, or that means something in it. */
const known = (name: string, choices: Choices): string | undefined => {
  if (name === "te") return "trailers"
  return name === "priority" && !choices.once(4) ? choices.one(["u=1", "i", "u=7, i", "u=0;x, i=?0"]) : undefined
}

/** Some fields, of any value. */
export const regular = (choices: Choices): Pairs => {
  const count = choices.once(16) ? choices.below(60) : choices.below(6)
  const pairs: Array<Pair> = []
  let budget = 12_000
  for (let i = 0; i < count; i++) {
    const each = name(choices)
    const text = known(each, choices) ?? value(choices, Math.min(4000, budget))
    budget -= text.length
    pairs.push([each, text])
  }
  return pairs
}

/** As the engine hands fields on: cookie crumbs are joined (RFC 9113 §8.2.3). */
export const joined = (pairs: Pairs): Pairs => {
  const result: Array<Pair> = []
  let at = -1
  for (const pair of pairs) {
    const before = result[at]
    if (pair[0] === "cookie" && before !== undefined) result[at] = ["cookie", `${before[1]}; ${pair[1]}`]
    else {
      if (pair[0] === "cookie") at = result.length
      result.push(pair)
    }
  }
  return result
}

export const isSame = (a: Pairs | undefined, b: Pairs | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.length === b.length &&
  a.every(([name, value], index) => b[index]?.[0] === name && b[index]?.[1] === value)

export const show = (pairs: Pairs | undefined): string =>
  pairs === undefined ? "none" : pairs.map(([name, value]) => `${name}: ${value.slice(0, 60)}`).join(", ")
