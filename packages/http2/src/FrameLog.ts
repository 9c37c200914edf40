/**
 * Frames as they pass a transport, for whoever wants to look: a program's verbose mode, a test, a developer.
 *
 * @since 0.1.0
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Frame from "./Frame.js"
import { FrameDecoder } from "./internal/frameDecoder.js"
import { concat, copy } from "./internal/octets.js"
import type { Transport } from "./Transport.js"

/**
 * Which way a frame goes.
 *
 * @since 0.1.0
 * @category models
 */
export type Direction = "sent" | "received"

/**
 * Called for each frame. `fields` is the decompressed section, with the frame that completes it; undefined with every other.
 * DATA that arrives in pieces is shown in pieces.
 *
 * @since 0.1.0
 * @category models
 */
export type Log = (direction: Direction, frame: Frame.Frame, fields: ReadonlyArray<HeaderField> | undefined) => void

/** Reads one direction beside the engine. */
class Watcher {
  private readonly frames: FrameDecoder
  private readonly fields = Decoder.make({
    headerTableSize: 65_536,
    maxHeaderFields: 1000,
    maxHeaderListSize: 1_048_576
  })
  private fragments: Array<Uint8Array> = []

  constructor(
    private readonly direction: Direction,
    expectPreface: boolean,
    private readonly log: Log
  ) {
    this.frames = new FrameDecoder(16_777_215, expectPreface)
  }

  watch(octets: Uint8Array): void {
    for (const frame of this.frames.decode(copy(octets))) this.log(this.direction, frame, this.sectionOf(frame))
  }

  private sectionOf(frame: Frame.Frame): ReadonlyArray<HeaderField> | undefined {
    if (frame._tag !== "Headers" && frame._tag !== "PushPromise" && frame._tag !== "Continuation") return undefined
    this.fragments.push(frame.fragment)
    if (!frame.endHeaders) return undefined
    const block = concat(this.fragments)
    this.fragments = []
    try {
      return this.fields.decode(block).fields
    } catch (error) {
      // The engine meets the same block, and says what is wrong with it.
      if (isHpackError(error)) return undefined
      throw error
    }
  }
}

/**
 * `transport`, with every frame that passes it shown to `log`. `role` is the role of the side that uses it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const inspect = (transport: Transport, log: Log, role: "client" | "server"): Transport => {
  const sent = new Watcher("sent", role === "client", log)
  const received = new Watcher("received", role === "server", log)
  return {
    ...transport,
    incoming: Stream.tap(transport.incoming, (octets) => Effect.sync(() => received.watch(octets))),
    write: (chunks) => {
      for (const chunk of chunks) sent.watch(chunk)
      return transport.write(chunks)
    }
  }
}
