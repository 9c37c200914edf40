/**
 * Whether a wish and its answer arrived whole and unchanged. Called at the end of a conversation with our client.
 */
import { type Got, pathOf, tunnelAuthority, useOf } from "../app/requester.js"
import { differsAt } from "../app/pattern.js"
import { Finding } from "../finding.js"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { Wished } from "../world/clientRun.js"
import * as Fields from "./fields.js"
import type { Answered } from "./answers.js"

const fail = ({ got, wish }: Wished, detail: string): never => {
  const outcome = typeof got.outcome === "object" ? got.outcome.message : String(got.outcome)
  throw new Finding(
    "message",
    `request ${wish.n}: ${detail} (${JSON.stringify({ ...wish, fields: wish.fields.length, outcome })})`
  )
}

/** What the engine has sent is what was wished for, as far as it has come. */
export const checkSent = (wished: Wished, stream: TapStream): void => {
  const { wish } = wished
  const head = stream.head ?? []
  const pseudo = new Map(head.filter(([name]) => name.startsWith(":")))
  if (pseudo.get(":method") !== wish.method) fail(wished, `:method ${String(pseudo.get(":method"))}`)
  const authority = wish.isTunnel ? tunnelAuthority(wish.n) : wish.authority
  if (pseudo.get(":authority") !== authority) fail(wished, `:authority ${String(pseudo.get(":authority"))}`)
  if (!wish.isTunnel && pseudo.get(":path") !== pathOf(wish.n)) fail(wished, `:path ${String(pseudo.get(":path"))}`)
  const fields = head.filter(([name]) => !name.startsWith(":") && name !== "content-length")
  if (!Fields.isSame(Fields.joined(fields), Fields.joined(wish.fields))) fail(wished, `fields ${Fields.show(fields)}`)
  let at = 0
  for (const octets of stream.body) {
    const wrong = differsAt(wish.n, at, octets)
    if (wrong >= 0) fail(wished, `the request differs at ${wrong}`)
    at += octets.length
  }
  if (!stream.isEndedByEngine) return
  if (stream.bodyLength !== wish.length) fail(wished, `${stream.bodyLength} octets of ${wish.length} were sent`)
  if (!Fields.isSame(Fields.joined(stream.trailers ?? []), Fields.joined(wish.trailers ?? []))) {
    fail(wished, `trailers ${Fields.show(stream.trailers)}`)
  }
}

/** An answer that came to its end arrived as it was sent. */
export const checkGot = (wished: Wished, answer: Answered): void => {
  const { got, wish } = wished
  if (got.outcome !== "whole") fail(wished, "it was answered whole")
  if (got.status !== answer.status) fail(wished, `status ${got.status} instead of ${answer.status}`)
  if (!Fields.isSame(got.fields, Fields.joined(answer.fields))) {
    fail(wished, `fields ${Fields.show(got.fields)} instead of ${Fields.show(answer.fields)}`)
  }
  const informational = wish.isTunnel ? 0 : answer.informational
  if (got.informational.length !== informational) fail(wished, `${got.informational.length} informational responses`)
  if (got.differsAt >= 0) fail(wished, `the response differs at ${got.differsAt}`)
  if (wish.read === "none" && !wish.isTunnel) return
  if (got.length !== answer.length) fail(wished, `${got.length} octets of ${answer.length} arrived`)
  if (!Fields.isSame(got.trailers, Fields.joined(answer.trailers ?? []))) {
    fail(wished, `trailers ${Fields.show(got.trailers)}`)
  }
}

/** Whether the engine may reset the stream by itself: its user has given up, or has all that it wants while the request goes on. */
const mayCancel = ({ got, isCancelled, wish }: Wished): boolean =>
  isCancelled || wish.read === "none" || wish.isTunnel || (wish.read !== "whole" && got.outcome === "whole")

/** A conversation in which nobody did anything wrong: one wish of it. */
export const checkValid = (
  wished: Wished,
  answer: Answered | undefined,
  stream: TapStream | undefined,
  lastId: number
): void => {
  const { got, isCancelled } = wished
  if (stream !== undefined) checkSent(wished, stream)
  if (stream?.reset !== undefined && (stream.reset !== Raw.Code.CANCEL || !mayCancel(wished))) {
    fail(wished, `RST_STREAM with ${Raw.codeName(stream.reset)}`)
  }
  if (isCancelled) return
  if (stream === undefined || stream.id > lastId) {
    if (lastId === Number.POSITIVE_INFINITY) fail(wished, "it was never sent")
    if (typeof got.outcome !== "object" || got.outcome.processed !== "no") fail(wished, "the server had gone away")
    return
  }
  if (answer === undefined) return fail(wished, "there is no answer")
  if (answer.reset !== undefined && !answer.isEnded) {
    if (wished.wish.read === "none" && got.outcome === "whole") return
    if (typeof got.outcome !== "object" || got.outcome.code !== answer.reset) fail(wished, `reset with ${answer.reset}`)
    return
  }
  if (answer.reset !== undefined && wished.wish.isTunnel) return
  checkGot(wished, answer)
}

/** A push of a conversation in which nobody did anything wrong: what the user wanted of it is there. */
export const checkPushed = (answer: Answered, stream: TapStream | undefined, got: Got | undefined): void => {
  const { id } = answer
  const use = useOf(id)
  const fail = (detail: string): never => {
    const outcome = typeof got?.outcome === "object" ? got.outcome.message : String(got?.outcome)
    throw new Finding("message", `push ${id}, ${use}: ${detail} (${JSON.stringify({ ...answer, fields: 0, outcome })})`)
  }
  const isWanted = got !== undefined && (use === "stream" || use === "slow")
  // A promise that nobody has seen, or wanted, may be given up at any time.
  if (stream?.reset !== undefined && (isWanted || stream.reset !== Raw.Code.CANCEL)) {
    if (isWanted || stream.reset !== Raw.Code.REFUSED_STREAM) fail(`RST_STREAM with ${Raw.codeName(stream.reset)}`)
  }
  if (!isWanted || !answer.isEnded || answer.reset !== undefined) return
  if (got.outcome !== "whole") fail("it was answered whole")
  if (got.status !== answer.status) fail(`status ${got.status}`)
  if (!Fields.isSame(got.fields, Fields.joined(answer.fields))) fail(`fields ${Fields.show(got.fields)}`)
  if (got.differsAt >= 0) fail(`it differs at ${got.differsAt}`)
  if (got.length !== answer.length) fail(`${got.length} octets of ${answer.length} arrived`)
  if (!Fields.isSame(got.trailers, Fields.joined(answer.trailers ?? []))) fail(`trailers ${Fields.show(got.trailers)}`)
}
