/**
 * Whether a request and its response arrived whole and unchanged. Called at the end of a conversation with our server.
 */
import { trailersOf, type Received } from "../app/handler.js"
import { differsAt } from "../app/pattern.js"
import { Finding } from "../finding.js"
import type { TapStream } from "@effect-http2/testkit/tap/tapStream"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { Asked } from "./requests.js"
import * as Fields from "./fields.js"

const fail = (asked: Asked, detail: string): never => {
  throw new Finding("message", `stream ${asked.id}, ${asked.method} ${JSON.stringify(asked.behaviour)}: ${detail}`)
}

/** Whether the response carries no body whatever the handler gave. */
const isBodyless = ({ behaviour, method }: Asked): boolean =>
  method === "HEAD" || behaviour.status === 204 || behaviour.status === 304

export const checkRequest = (asked: Asked, received: Received): void => {
  const pseudo = new Map(asked.pseudo)
  if (received.method !== asked.method) fail(asked, `method ${received.method}`)
  if (received.path !== (pseudo.get(":path") ?? "")) fail(asked, `path ${received.path}`)
  if (received.authority !== pseudo.get(":authority")) fail(asked, `authority ${received.authority}`)
  if (!Fields.isSame(received.fields, Fields.joined(asked.fields))) {
    fail(asked, `fields ${Fields.show(received.fields)} instead of ${Fields.show(asked.fields)}`)
  }
  if (received.differsAt >= 0) fail(asked, `the body of the request differs at ${received.differsAt}`)
  if (received.outcome !== "whole") return
  if (received.length !== asked.length) fail(asked, `${received.length} octets of ${asked.length} arrived`)
  if (received.trailers !== undefined && !Fields.isSame(received.trailers, Fields.joined(asked.trailers ?? []))) {
    fail(asked, `trailers ${Fields.show(received.trailers)}`)
  }
}

/** Whether the handler reads the body to its end, where it comes to that. */
const isReadWhole = ({ behaviour, isTunnel }: Asked): boolean =>
  isTunnel || behaviour.body === "echo" || behaviour.read !== "none"

/** An exchange that nobody cut off. */
export const checkWhole = (asked: Asked, stream: TapStream, received: Received | undefined): void => {
  if (received === undefined) return fail(asked, "no handler got it")
  checkRequest(asked, received)
  const { behaviour } = asked
  const isEcho = asked.isTunnel || behaviour.body === "echo"
  if (isReadWhole(asked) && stream.isWhole && !(isEcho && isBodyless(asked)) && behaviour.body !== "fail") {
    if (received.outcome !== "whole") fail(asked, `reading the request ended with ${String(received.outcome)}`)
  }
  checkResponse(asked, stream)
}

export const checkResponse = (asked: Asked, stream: TapStream): void => {
  const { behaviour } = asked
  const isFailure = behaviour.body === "fail" && !asked.isTunnel
  const status = asked.isTunnel ? 200 : isFailure ? 500 : behaviour.status
  const head = new Map(stream.head ?? [])
  if (head.get(":status") !== String(status)) fail(asked, `status ${String(head.get(":status"))}`)
  const hints = stream.informational.filter(([first]) => first?.[1] === "103").length
  const continues = stream.informational.length - hints
  if (hints !== (asked.isTunnel ? 0 : behaviour.informational)) fail(asked, `${hints} informational responses`)
  if (continues > (asked.fields.some(([name]) => name === "expect") ? 1 : 0)) fail(asked, `${continues} times 100`)
  if (isFailure) return
  if (!asked.isTunnel && head.get("x-id") !== String(asked.id)) fail(asked, `x-id ${String(head.get("x-id"))}`)
  const isEcho = asked.isTunnel || behaviour.body === "echo"
  const bodyless = !asked.isTunnel && isBodyless(asked)
  const length = bodyless ? 0 : isEcho ? asked.length : behaviour.length
  if (stream.bodyLength !== length) fail(asked, `the response has ${stream.bodyLength} octets instead of ${length}`)
  let at = 0
  for (const octets of stream.body) {
    const wrong = differsAt(asked.id, at, octets)
    if (wrong >= 0) fail(asked, `the response differs at ${wrong}`)
    at += octets.length
  }
  const trailers = behaviour.hasTrailers && !asked.isTunnel && !bodyless ? trailersOf(asked.id) : undefined
  const isSame = trailers === undefined ? stream.trailers === undefined : Fields.isSame(stream.trailers, trailers)
  if (!isSame) fail(asked, `trailers ${Fields.show(stream.trailers)}`)
}

/** A conversation in which nobody did anything wrong: one stream of it. */
export const checkValid = (
  asked: Asked,
  stream: TapStream,
  received: Received | undefined,
  isRefusable: boolean,
  isCutShort = false
): void => {
  if (received !== undefined && asked.isReset) return checkRequest(asked, received)
  if (asked.isReset) return
  const { reset } = stream
  // Where something went wrong elsewhere, nobody has waited for the handler.
  if (reset === undefined && isCutShort) return checkResponse(asked, stream)
  if (reset === undefined) return checkWhole(asked, stream, received)
  if (reset === Raw.Code.REFUSED_STREAM && isRefusable && received === undefined) return
  // The engine may decline the rest of a request that it has answered (RFC 9113 §8.1).
  if (reset !== Raw.Code.NO_ERROR || !stream.isEndedByEngine) fail(asked, `RST_STREAM with ${Raw.codeName(reset)}`)
  checkResponse(asked, stream)
}
