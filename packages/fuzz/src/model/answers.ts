/**
 * What a server answers, and how far it has come. Called by serverModel.ts.
 */
import { numberOf } from "../app/requester.js"
import type { Choices } from "@effect-http2/testkit/choices"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import type { Pair, Pairs } from "@effect-http2/testkit/fieldBlock"
import * as Fields from "./fields.js"

/** An answer, and how far it has come. */
export interface Answered {
  readonly id: number
  /** The number of the wish, -1 where it is a push. */
  readonly n: number
  readonly method: string
  readonly informational: number
  readonly status: number
  readonly fields: Pairs
  readonly length: number
  readonly trailers: Pairs | undefined
  sentInformational: number
  hasHead: boolean
  sent: number
  isEnded: boolean
  /** The code that we reset it with. */
  reset: number | undefined
}

const statuses = [200, 200, 200, 404, 500, 204, 304, 206, 999] as const

/** An answer of any kind that is right for what was asked on `stream`. */
export const planAnswer = (choices: Choices, stream: TapStream, mostBody: number): Answered =>
  planFor(choices, stream.id, numberOf(stream.head ?? []), stream.method, mostBody)

/** An answer of any kind, to a request that was promised on stream `id`. */
export const planPush = (choices: Choices, id: number, method: string, mostBody: number): Answered =>
  planFor(choices, id, -1, method, mostBody)

const planFor = (choices: Choices, id: number, n: number, method: string, mostBody: number): Answered => {
  const status = choices.one(statuses)
  const isBodyless = method === "HEAD" || status === 204 || status === 304
  const length = isBodyless || !choices.once(2) ? 0 : choices.size(mostBody)
  const isOpenTunnel = method === "CONNECT" && status < 300
  const fields: Array<Pair> = [...Fields.regular(choices), ["x-id", String(id)]]
  if (choices.once(3) && !isOpenTunnel)
    fields.push(["content-length", String(isBodyless ? choices.below(999) : length)])
  return {
    id,
    n,
    method,
    informational: choices.once(4) ? choices.between(1, 4) : 0,
    status,
    fields,
    length,
    trailers: choices.once(5) && !isBodyless && !isOpenTunnel ? [...Fields.regular(choices), ["x-y", "2"]] : undefined,
    sentInformational: 0,
    hasHead: false,
    sent: 0,
    isEnded: false,
    reset: undefined
  }
}
