/** How an attacker goes on until it is stopped, and how it has to be stopped. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Frame from "@effect-http2/http2/Frame"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { eventually, nextTurn } from "./engines.js"
import type { ServerPeer } from "./peer.js"

/** Sends `frames(1)`, `frames(3)` and so on until the connection ends; how many times it could. */
export const flood = (
  { connection, peer }: ServerPeer,
  frames: (streamId: number) => ReadonlyArray<Frame.Frame | Uint8Array>,
  most = 5000
) =>
  Effect.gen(function* () {
    let times = 0
    while (!connection.isDraining && times < most) {
      yield* peer.send(...frames(1 + 2 * times))
      times++
      yield* nextTurn
    }
    return times
  })

/** The connection ended with ENHANCE_YOUR_CALM, naming `limit`, and nothing of it is left. */
export const expectCalm = (attack: ServerPeer, limit: string) =>
  Effect.gen(function* () {
    expect(yield* attack.failure).toMatchObject({
      _tag: "Http2ConnectionError",
      code: ErrorCode.ENHANCE_YOUR_CALM,
      origin: "Local",
      limit
    })
    yield* attack.peer.await("GoAway", (frame) => frame.errorCode === ErrorCode.ENHANCE_YOUR_CALM)
    yield* eventually(() => attack.stats.activeHandlers === 0 && attack.stats.activeStreams === 0)
    expect(attack.stats.connections).toBe(0)
  })
