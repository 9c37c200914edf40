/** Frames that pass a transport with a log, and what the log is shown of them. */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type * as Frame from "@effect-http2/http2/Frame"
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import { it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { concat, encode, preface } from "./wire.js"
import type { Pairs } from "./wire.js"

export type Role = "client" | "server"

/** One call of the log. */
export interface Shown {
  readonly direction: FrameLog.Direction
  readonly frame: Frame.Frame
  readonly fields: Pairs | undefined
}

const pairsOf = (fields: ReadonlyArray<HeaderField> | undefined): Pairs | undefined =>
  fields?.map(({ name, value }) => [name, value])

export const collector = () => {
  const all: Array<Shown> = []
  const log: FrameLog.Log = (direction, frame, fields) => void all.push({ direction, frame, fields: pairsOf(fields) })
  return { all, log }
}

/** Where the client's preface comes before the frames. */
export const beginsWithPreface = (role: Role, direction: FrameLog.Direction): boolean =>
  (direction === "sent") === (role === "client")

/** Lets `reads` pass in one direction; what the log is shown, and what has arrived at the other end. */
export const pass = (direction: FrameLog.Direction, reads: ReadonlyArray<Uint8Array>, role: Role = "client") =>
  Effect.gen(function* () {
    const { all, log } = collector()
    const scripted = yield* MemoryTransport.scripted()
    const transport = FrameLog.inspect(scripted.transport, log, role)
    const start = beginsWithPreface(role, direction) ? [preface] : []
    if (direction === "sent") {
      transport.write([...start, ...reads])
      return { shown: all, arrived: yield* scripted.received }
    }
    yield* Effect.forEach([...start, ...reads], scripted.send)
    yield* scripted.end
    const arrived = yield* Stream.runCollect(transport.incoming)
    return { shown: all, arrived: concat(Chunk.toReadonlyArray(arrived)) }
  })

export const directions = ["sent", "received"] as const

/** In each direction: `frames` are shown with these fields, whether they come in one read or octet by octet. */
export const shows = (
  name: string,
  frames: ReadonlyArray<Frame.Frame>,
  fields: ReadonlyArray<Pairs | undefined>
): void => {
  const octets = concat(frames.map((frame) => encode(frame)))
  const single = Array.from(octets, (octet) => Uint8Array.of(octet))
  for (const direction of directions) {
    it.effect(`${direction}: ${name}`, () =>
      Effect.gen(function* () {
        const expected = frames.map((frame, index) => ({ direction, frame, fields: fields[index] }))
        expect((yield* pass(direction, [octets])).shown).toEqual(expected)
        expect((yield* pass(direction, single)).shown).toEqual(expected)
      })
    )
  }
}
