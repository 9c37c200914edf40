/**
 * Frames as they pass a transport, for whoever wants to look: a program's verbose mode, a test, a developer.
 *
 * @since 0.1.0
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import type * as Frame from "./Frame.js"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { concat, copy } from "@effect-http2/engine/octets"
import type { Transport } from "./Transport.js"

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

/** Reads one direction beside the engine. */
class Watcher {
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

/**
 * `transport`, with every frame that passes it shown to `log`. `role` is the role of the side that uses it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const inspect: {
  (log: Log, role: "client" | "server"): (transport: Transport) => Transport
  (transport: Transport, log: Log, role: "client" | "server"): Transport
} = dual(3, (transport: Transport, log: Log, role: "client" | "server"): Transport => {
  const sent = new Watcher("sent", role === "client", log)
  const received = new Watcher("received", role === "server", log)
  const { hold, memory } = transport
  // Not its copy: it may be an instance of a class, whose methods a copy has not.
  return {
    peer: transport.peer,
    incoming: Stream.tap(transport.incoming, (octets) => Effect.sync(() => received.watch(octets))),
    write: (chunks) => {
      for (const chunk of chunks) sent.watch(chunk)
      return transport.write(chunks)
    },
    ...(memory === undefined ? {} : { memory }),
    pendingOctets: () => transport.pendingOctets(),
    onDrain: (listener) => transport.onDrain(listener),
    defer: (task) => transport.defer(task),
    ...(hold === undefined ? {} : { hold: (isHeld) => hold.call(transport, isHeld) }),
    end: transport.end,
    close: transport.close
  }
})
