/**
 * Frames to reads. Called by the models.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import { concat } from "@effect-http2/testkit/octets"
import type { EngineRun } from "../world/engineRun.js"

const nothing = new Uint8Array(0)

/** Sends `frames` in one read, one each, many before the engine gets to any of them, in small pieces, or in any pieces with pauses between. */
export const sendCut = (
  run: EngineRun,
  frames: ReadonlyArray<Uint8Array>,
  choices: Choices,
  pause: (ms: number) => void
): void => {
  const all = concat(frames)
  switch (choices.below(5)) {
    case 0:
      run.send(all)
      return
    case 1:
      for (const frame of frames) run.send(frame)
      return
    case 2:
      for (const frame of frames) run.pipe.send(frame)
      run.send(nothing)
      return
    case 3: {
      const step = choices.between(1, 20) * (all.length > 2000 ? 100 : 1)
      for (let at = 0; at < all.length; at += step) run.send(all.subarray(at, at + step))
      return
    }
    default:
      for (let at = 0; at < all.length;) {
        const end = at + Math.max(1, choices.size(all.length - at))
        run.pipe.send(all.subarray(at, end))
        if (choices.once(2)) run.send(nothing)
        if (choices.once(8)) pause(choices.between(1, 20))
        at = end
      }
      run.send(nothing)
  }
}
