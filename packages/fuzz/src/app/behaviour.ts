/**
 * What a handler does with a request, as the request's path says it: so that octets that were written down once lead to the same run again.
 */
import type { Choices } from "@effect-http2/testkit/choices"

export const reads = ["none", "whole", "stream", "slow"] as const
export const bodies = ["octets", "stream", "echo", "never", "fail"] as const

export interface Behaviour {
  /** How the request's body is read: not at all, at once, as it comes, or with pauses. */
  readonly read: (typeof reads)[number]
  /** What the response's body is made from; `never`: there is no response, `fail`: the handler fails. */
  readonly body: (typeof bodies)[number]
  readonly status: number
  /** How many informational responses go before. */
  readonly informational: number
  /** Octets of the response's body, and of each piece where it is a stream. */
  readonly length: number
  readonly piece: number
  /** ms between two pieces, of either body. */
  readonly pause: number
  readonly hasTrailers: boolean
  /** Whether the request is read before the response begins. */
  readonly readsFirst: boolean
  /** How many responses are pushed along, where the client takes them. */
  readonly pushes: number
}

export const plain: Behaviour = {
  read: "none",
  body: "octets",
  status: 200,
  informational: 0,
  length: 2,
  piece: 1,
  pause: 0,
  hasTrailers: false,
  readsFirst: true,
  pushes: 0
}

export const toPath = (behaviour: Behaviour): string =>
  `/${[
    reads.indexOf(behaviour.read),
    bodies.indexOf(behaviour.body),
    behaviour.status,
    behaviour.informational,
    behaviour.length,
    behaviour.piece,
    behaviour.pause,
    Number(behaviour.hasTrailers),
    Number(behaviour.readsFirst),
    behaviour.pushes
  ].join("-")}`

/** The behaviour in a path; what is not there is as in `plain`, and no size is beyond reason. */
export const ofPath = (path: string): Behaviour => {
  const numbers = path.slice(1).split("-").map(Number)
  const at = (index: number, otherwise: number, most: number): number => {
    const number = numbers[index]
    return number !== undefined && Number.isInteger(number) && number >= 0 ? Math.min(number, most) : otherwise
  }
  return {
    read: reads[at(0, 0, 3)] ?? "none",
    body: bodies[at(1, 0, 4)] ?? "octets",
    status: Math.max(200, at(2, 200, 599)),
    informational: at(3, 0, 5),
    length: at(4, plain.length, 1_048_576),
    piece: Math.max(1, at(5, 1, 65_536)),
    pause: at(6, 0, 1000),
    hasTrailers: at(7, 0, 1) === 1,
    readsFirst: at(8, 1, 1) === 1,
    pushes: at(9, 0, 3)
  }
}

export const statuses = [200, 200, 200, 404, 500, 204, 304, 206] as const

/** One that comes to its end by itself. */
export const choose = (choices: Choices, mostOctets: number): Behaviour => {
  const length = choices.size(mostOctets)
  return {
    read: choices.one(reads),
    body: choices.one(["octets", "stream", "echo"]),
    status: choices.one(statuses),
    informational: choices.once(4) ? choices.between(1, 3) : 0,
    length,
    piece: Math.max(1, choices.size(Math.max(1, length)), Math.floor(length / 64)),
    pause: choices.once(3) ? choices.between(1, 50) : 0,
    hasTrailers: choices.once(4),
    readsFirst: !choices.once(3),
    pushes: choices.once(3) ? choices.between(1, 3) : 0
  }
}

/** What is pushed along with such a response, by number. */
export const pushed = ({ length, pause, piece }: Behaviour, n: number): Behaviour => ({
  ...plain,
  body: n === 1 ? "stream" : "octets",
  length: Math.min(length, 30_000) + n,
  piece: Math.max(piece, 500),
  pause: n === 1 ? pause : 0,
  hasTrailers: n === 2
})
