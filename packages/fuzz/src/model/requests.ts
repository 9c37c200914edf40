/**
 * What a client asks for, and how far it has come. Called by clientModel.ts.
 */
import * as Behaviour from "../app/behaviour.js"
import type { Choices } from "@effect-http2/testkit/choices"
import type { Pair, Pairs } from "@effect-http2/testkit/fieldBlock"
import * as Fields from "./fields.js"

/** A request, and how far it has come. */
export interface Asked {
  readonly id: number
  readonly method: string
  readonly pseudo: Pairs
  readonly fields: Pairs
  readonly behaviour: Behaviour.Behaviour
  /** Octets of its body. */
  readonly length: number
  readonly trailers: Pairs | undefined
  readonly isTunnel: boolean
  sent: number
  isEnded: boolean
  isReset: boolean
}

const methods = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "x-any"] as const

/** A request of any kind. `isExtended`: extended CONNECT is one of them (RFC 8441). */
export const planRequest = (choices: Choices, id: number, mostBody: number, isExtended: boolean): Asked => {
  const isTunnel = choices.once(16)
  const hasBody = choices.once(2)
  const length = hasBody ? choices.size(mostBody) : 0
  const method = isTunnel ? "CONNECT" : choices.one(methods)
  const chosen = choices.once(3) ? Behaviour.choose(choices, mostBody) : Behaviour.plain
  const ending = choices.once(40) ? choices.one(["never", "fail"] as const) : undefined
  const behaviour = ending === undefined ? chosen : { ...chosen, body: ending }
  const authority = choices.one(["test", "test:8080", "[::1]:3", "a.b.c"] as const)
  const pseudo: Array<Pair> =
    isTunnel && !(isExtended && choices.once(2))
      ? [
          [":method", method],
          [":authority", authority]
        ]
      : [
          [":method", method],
          [":scheme", choices.one(["http", "https"] as const)],
          [":path", Behaviour.toPath(behaviour)],
          [":authority", authority]
        ]
  if (isTunnel && pseudo.length > 2) pseudo.push([":protocol", "websocket"])
  if (choices.once(4)) pseudo.reverse()
  const fields: Array<Pair> = [...Fields.regular(choices)]
  if (choices.once(6)) fields.push(["host", authority])
  if (length > 0 && !isTunnel && choices.once(2)) fields.unshift(["content-length", String(length)])
  if (length > 0 && !isTunnel && choices.once(6)) fields.push(["expect", "100-continue"])
  const trailers: Pairs | undefined =
    isTunnel || !choices.once(5) ? undefined : [...Fields.regular(choices), ["x-z", "1"]]
  return {
    id,
    method,
    pseudo,
    fields,
    behaviour,
    length,
    trailers,
    isTunnel,
    sent: 0,
    isEnded: false,
    isReset: false
  }
}
