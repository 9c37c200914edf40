/**
 * What has to hold of a conversation with one change in it: it may cost the streams that the change touched, or the connection, and nothing else; and
 * whatever it costs, everything comes to an end.
 */
import { expect, Finding } from "../finding.js"
import type { PeerModel } from "../model/peer.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { EngineRun } from "../world/engineRun.js"

/** Runs `check` for a stream that the change did not touch, unless the connection has ended. */
export const expectUntouched = (model: PeerModel, id: number, check: () => void): void => {
  const { disturbance, tap } = model
  if (tap.connectionError !== undefined || model.isTouched(id)) return
  // Streams that are counted twice, or not taken back, take the place of others.
  if (disturbance !== undefined && tap.streams.get(id)?.reset === Raw.Code.REFUSED_STREAM) return
  try {
    check()
  } catch (error) {
    if (disturbance === undefined || !(error instanceof Finding)) throw error
    throw new Finding("scope", `a change (${disturbance.what}) on ${[...disturbance.touched].join()}: ${error.message}`)
  }
}

/** No more than what was touched, or the connection, is reset, and not for a reason of the library's own. */
export const expectScope = (model: PeerModel): void => {
  const { disturbance, tap } = model
  const error = tap.connectionError
  if (error !== undefined) {
    expect(
      error.code !== Raw.Code.INTERNAL_ERROR || error.reason.includes("PING"),
      "scope",
      () => `GOAWAY with INTERNAL_ERROR: ${error.reason}`
    )
    expect(disturbance !== undefined && disturbance.isDone, "scope", () => `GOAWAY: ${error.reason}`)
  }
}

/** Nobody says anything any more: the engine ends by itself. */
export const expectEnd = (run: EngineRun, isRead: boolean): void => {
  run.pipe.setRead(isRead)
  run.expectEnd()
  if (!isRead) run.pipe.setRead(true)
}
