/**
 * What our server pushes to a client: which of it goes on, and whether it arrived whole and unchanged. Called by clientModel.ts, and at the end of a
 * conversation.
 */
import * as Behaviour from "../app/behaviour.js"
import type { Received } from "../app/handler.js"
import { Finding } from "../finding.js"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import type { Wiretap } from "@effect-http2/testkit/tap/wiretap"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { checkResponse } from "./exchange.js"
import * as Fields from "./fields.js"
import type { Asked } from "./requests.js"

/** Pushed streams that are not over. Those above our GOAWAY will not be processed by us, whatever they do. */
export const openPushes = (tap: Wiretap): ReadonlyArray<TapStream> =>
  [...tap.streams.values()].filter(({ id, isOver, promise }) => promise !== undefined && !isOver && id <= tap.ourGoAway)

/** The request that the promise stands for, as if a client had sent it. */
const askedOf = (stream: TapStream): Asked => {
  const { id, method, promise = [] } = stream
  const pseudo = promise.filter(([name]) => name.startsWith(":"))
  return {
    id,
    method,
    pseudo,
    fields: promise.filter(([name]) => !name.startsWith(":")),
    behaviour: Behaviour.ofPath(new Map(pseudo).get(":path") ?? ""),
    length: 0,
    trailers: undefined,
    isTunnel: false,
    sent: 0,
    isEnded: true,
    isReset: stream.resetByUs !== undefined
  }
}

/** A push of a conversation in which nobody did anything wrong. */
export const checkPush = (stream: TapStream, received: Received | undefined): void => {
  const { id, reset } = stream
  const asked = askedOf(stream)
  const fail = (detail: string): never => {
    throw new Finding("message", `push ${id}: ${detail}`)
  }
  if (received !== undefined && !Fields.isSame(received.fields, asked.fields)) fail(Fields.show(received.fields))
  // Where the client has lowered its limit since the promise, there is no place for it any more.
  if (asked.isReset || (reset === Raw.Code.CANCEL && stream.head === undefined)) return
  if (reset !== undefined) fail(`RST_STREAM with ${Raw.codeName(reset)}`)
  if (received === undefined) fail("no handler got it")
  checkResponse(asked, stream)
}
