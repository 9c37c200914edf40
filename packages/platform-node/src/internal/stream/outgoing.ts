/**
 * From a body Stream into a message of `node:http`, as fast as its socket takes it. Called by http1/http1Response.ts.
 */
import * as StreamRun from "@effect-http2/http2/StreamRun"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { OutgoingMessage } from "node:http"

/** Completes when the socket takes more, or never will. */
const drained = (message: OutgoingMessage): Effect.Effect<void> =>
  Effect.async((resume) => {
    const forget = (): void => {
      message.off("drain", done)
      message.off("close", done)
    }
    const done = (): void => {
      forget()
      resume(Effect.void)
    }
    if (!message.writableNeedDrain) return resume(Effect.void)
    message.on("drain", done)
    message.on("close", done)
    return Effect.sync(forget)
  })

/**
 * Writes `body`, and leaves the message open. Fails with what the Stream fails with, and with `differs` of the octets so far where they are not `length`
 * (RFC 9110 §8.6): of a chunk that goes beyond that, nothing is written.
 */
export const writeBody = <E>(
  message: OutgoingMessage,
  body: Stream.Stream<Uint8Array, E>,
  length: number | undefined,
  differs: (written: number, length: number) => E
): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    let written = 0
    const sent = StreamRun.forEachChunk(body, (chunk) => {
      const pieces = Chunk.toReadonlyArray(chunk)
      for (const octets of pieces) written += octets.length
      if (length !== undefined && written > length) return Effect.fail(differs(written, length))
      for (const octets of pieces) if (octets.length > 0) message.write(octets)
      return message.writableNeedDrain ? drained(message) : Effect.void
    })
    if (length === undefined) return sent
    return Effect.flatMap(sent, () => (written === length ? Effect.void : Effect.fail(differs(written, length))))
  })
