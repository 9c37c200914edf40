/**
 * What the user of a client asks for. Called by serverModel.ts.
 */
import type { Wish } from "../app/requester.js"
import type { Choices } from "@effect-http2/testkit/choices"
import * as Fields from "./fields.js"

const methods = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "x-any"] as const

/** A request without anything to it. */
export const plainWish: Omit<Wish, "n"> = {
  method: "GET",
  authority: "test",
  fields: [],
  body: "none",
  length: 0,
  piece: 1,
  pause: 0,
  trailers: undefined,
  read: "whole",
  isTunnel: false
}
/** A request whose body takes longer than any conversation. */
export const endless = { method: "POST", body: "stream", length: 1_000_000, piece: 1, pause: 500 } as const

/** Any wish, with the number `n`. */
export const anyWish = (choices: Choices, n: number, mostBody: number): Wish => {
  const isTunnel = choices.once(12)
  const body = isTunnel ? "stream" : choices.one(["none", "octets", "stream"] as const)
  const length = body === "none" ? 0 : choices.size(mostBody)
  return {
    n,
    method: isTunnel ? "CONNECT" : choices.one(methods),
    authority: choices.one(["test", "a.test:8080"] as const),
    fields: Fields.regular(choices),
    body,
    length,
    piece: Math.max(1, choices.size(Math.max(1, length)), Math.floor(length / 64)),
    pause: choices.once(3) ? choices.between(1, 40) : 0,
    trailers: !isTunnel && choices.once(5) ? [...Fields.regular(choices), ["x-z", "1"]] : undefined,
    read: choices.one(["whole", "stream", "slow", "none"] as const),
    isTunnel
  }
}
