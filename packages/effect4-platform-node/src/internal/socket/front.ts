/**
 * A plain port that speaks HTTP/2 alone: who comes with something else is told so, and the log says who came with what.
 */
import { answerTo, describeFirst, dismiss, spokenIn } from "@effect-http2/node/socket/front"
import { agreedProtocol } from "@effect-http2/node/socket/sniff"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import { first } from "./sniff.js"

/** Goes on with `serve` where the client speaks HTTP/2, which it has to show within `timeout`, in ms. */
export const http2Only = <E, R>(
  socket: Net.Socket,
  timeout: number,
  serve: Effect.Effect<void, E, R>
): Effect.Effect<void, E, R> => {
  // By ALPN.
  if (agreedProtocol(socket) !== undefined) return serve
  return Effect.flatMap(first(socket, timeout, spokenIn), ({ is, octets }) => {
    const text = describeFirst(socket, is, octets)
    const answer = answerTo(is, octets)
    const next =
      answer !== undefined
        ? Effect.callback<void>((resume) => dismiss(socket, answer, () => resume(Effect.void)))
        : is === undefined && octets.length === 0
          ? Effect.void
          : serve
    return text === undefined ? next : Effect.andThen(Effect.logDebug(text), next)
  })
}
