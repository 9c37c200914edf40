/**
 * Reads the frames of one direction of a connection beside the engine, for a log. Made by a skin's FrameLog, for each direction.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import type * as Frame from "../Frame.js"
import { concat, copy } from "../octets.js"
import { FrameDecoder } from "./frameDecoder.js"

/**
 * Which way a frame goes.
 *
 * @since 0.1.0
 * @category models
 */
export type Direction = "sent" | "received"

/**
 * Called for each frame. `fields` is the decompressed section, with the frame that completes it; undefined with every other, and from a section
 * on that cannot be decompressed. DATA that arrives in pieces is shown in pieces. `Invalid` on stream 0 is the last frame of its direction.
 *
 * @since 0.1.0
 * @category models
 */
export type Log = (direction: Direction, frame: Frame.Frame, fields: ReadonlyArray<HeaderField> | undefined) => void

export class FrameWatcher {
  private readonly frames: FrameDecoder
  /** Undefined behind a block that could not be decoded: nobody knows what later ones refer to. */
  private fields: Decoder.Decoder | undefined = Decoder.make({
    // What is allowed is the engine's to say.
    headerTableSize: 0xffffffff,
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
      return this.fields?.decode(block).fields
    } catch (error) {
      if (!isHpackError(error)) throw error
      // The engine meets the same block, and says what is wrong with it.
      this.fields = undefined
      return undefined
    }
  }
}
