/** Reads what h2load prints at its end. Nothing is guessed: output without the expected lines is an error. */
import type { LoadResult } from "./load.js"

const units: { readonly [unit: string]: number } = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

const integer = (text: string, pattern: RegExp, what: string): number => {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`h2load printed no ${what}`)
  return Number(found)
}

/** The figures of a run with a warm-up and a duration, or with a number of requests. */
export const parse = (output: string): LoadResult => {
  const requests = /^requests:.*$/m.exec(output)?.[0]
  const codes = /^status codes:.*$/m.exec(output)?.[0]
  if (requests === undefined || codes === undefined) throw new Error("h2load printed no result")
  const succeeded = integer(requests, /(\d+) succeeded/, "succeeded requests")
  const missed = ["failed", "errored", "timeout"].map((word) =>
    integer(requests, new RegExp(`(\\d+) ${word}`), `${word} requests`)
  )
  const bad = ["3xx", "4xx", "5xx"].map((group) => integer(codes, new RegExp(`(\\d+) ${group}`), `${group} responses`))
  const done = integer(requests, /(\d+) done/, "done requests")
  const rate = /([\d.]+(?:e[+-]?\d+)?) req\/s/.exec(output)?.[1]
  if (rate === undefined) throw new Error("h2load printed no rate")
  const octets = /, [\d.]+[KMG]?B \((\d+)\) data/.exec(output)?.[1]
  const rounded = /, ([\d.]+)([KMG]?)B data/.exec(output)
  const cipher = /^Cipher: (.+)$/m.exec(output)?.[1]
  return {
    succeeded,
    // These overlap: a response of 404 is failed, a lost connection both failed and errored. Responses of 2xx are fewer than those that
    // succeeded where their fields came in the warm-up and their end did not.
    failed: Math.max(...missed, ...bad, done - succeeded),
    rate: Number(rate),
    octets:
      octets === undefined ? Number(rounded?.[1] ?? Number.NaN) * (units[rounded?.[2] ?? ""] ?? 1) : Number(octets),
    cipher
  }
}
