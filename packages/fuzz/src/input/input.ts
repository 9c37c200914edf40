/**
 * What a target is run with, and how it is written down: a line for each step, `#` before a comment. The same text is a kept seed, a finding, and what
 * `--replay` takes.
 */
import { toHex } from "@effect-http2/testkit/octets"

export const targetNames = [
  "frames",
  "hpack",
  "server",
  "client",
  "server-valid",
  "client-valid",
  "server-changed",
  "client-changed",
  "server-rules",
  "client-rules"
] as const

export type TargetName = (typeof targetNames)[number]

export type Step =
  /** One read: octets as they come from the peer; a field block for `hpack`. */
  | { readonly kind: "send"; readonly octets: Uint8Array }
  /** ms that pass. */
  | { readonly kind: "wait"; readonly ms: number }
  /** The peer stops reading, and reads again. */
  | { readonly kind: "stall" }
  | { readonly kind: "read" }
  /** The peer answers SETTINGS and PING and gives credit by itself from now on, or no more. */
  | { readonly kind: "reflexes"; readonly on: boolean }
  /** The peer ends its side, or the connection breaks. */
  | { readonly kind: "end" }
  | { readonly kind: "reset" }
  /** The engine's side closes. */
  | { readonly kind: "close" }
  /** The client's user asks for something: its form, as requester.ts has them, by number; or gives up on what it asked for. */
  | { readonly kind: "wish"; readonly form: number }
  | { readonly kind: "give-up"; readonly n: number }
  /** The engine's user changes its settings, in a way that has a number. */
  | { readonly kind: "update"; readonly form: number }
  /** Wherever it stands: the client takes pushes. */
  | { readonly kind: "take-pushes" }
  /** SETTINGS_HEADER_TABLE_SIZE of the decoder, for `hpack`. */
  | { readonly kind: "table"; readonly size: number }
  /** Decisions of a conversation, and the generator of those behind them. */
  | { readonly kind: "choices"; readonly made: ReadonlyArray<number> }
  | { readonly kind: "seed"; readonly seed: number }

export interface Input {
  readonly target: TargetName
  readonly steps: ReadonlyArray<Step>
}

const line = (step: Step): string => {
  switch (step.kind) {
    case "send":
      return `send ${toHex(step.octets)}`
    case "wait":
      return `wait ${step.ms}`
    case "reflexes":
      return `reflexes ${step.on ? "on" : "off"}`
    case "wish":
    case "update":
      return `${step.kind} ${step.form}`
    case "give-up":
      return `give-up ${step.n}`
    case "table":
      return `table ${step.size}`
    case "choices":
      return `choices ${step.made.join(" ")}`
    case "seed":
      return `seed ${step.seed}`
    default:
      return step.kind
  }
}

/** The input as text; `comments` stand at its head. */
export const format = ({ steps, target }: Input, comments: ReadonlyArray<string> = []): string =>
  [
    ...comments.flatMap((comment) => comment.split("\n")).map((comment) => `# ${comment}`),
    `target ${target}`,
    ...steps.map(line),
    ""
  ].join("\n")

const isTarget = (name: string): name is TargetName => targetNames.some((each) => each === name)

const natural = (text: string | undefined): number => {
  const value = Number(text)
  if (text === undefined || !Number.isInteger(value) || value < 0) throw new Error(`not a number: ${String(text)}`)
  return value
}

const octetsOf = (parts: ReadonlyArray<string>): Uint8Array => {
  const text = parts.join("")
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`not octets: ${text}`)
  return new Uint8Array(Buffer.from(text, "hex"))
}

const stepOf = (words: ReadonlyArray<string>): Step => {
  const [kind, ...rest] = words
  switch (kind) {
    case "send":
      return { kind, octets: octetsOf(rest) }
    case "wait":
      return { kind, ms: natural(rest[0]) }
    case "reflexes":
      return { kind, on: rest[0] !== "off" }
    case "wish":
    case "update":
      return { kind, form: natural(rest[0]) }
    case "give-up":
      return { kind, n: natural(rest[0]) }
    case "table":
      return { kind, size: natural(rest[0]) }
    case "choices":
      return { kind, made: rest.map(natural) }
    case "seed":
      return { kind, seed: natural(rest[0]) }
    case "stall":
    case "read":
    case "end":
    case "reset":
    case "close":
    case "take-pushes":
      return { kind }
    default:
      throw new Error(`not a step: ${words.join(" ")}`)
  }
}

/** The input that a text is. A line that begins with a blank goes on with the one before it. Throws for what is none. */
export const parse = (text: string): Input => {
  const lines: Array<string> = []
  for (const raw of text.split("\n")) {
    const content = raw.replace(/#.*/, "").trimEnd()
    if (content.trim() === "") continue
    if (/^\s/.test(content) && lines.length > 0) lines[lines.length - 1] += content
    else lines.push(content)
  }
  const [first, ...rest] = lines.map((each) => each.trim().split(/\s+/))
  const target = first?.[1] ?? ""
  if (first?.[0] !== "target" || !isTarget(target)) throw new Error("the first line does not name a target")
  return { target, steps: rest.map(stepOf) }
}
