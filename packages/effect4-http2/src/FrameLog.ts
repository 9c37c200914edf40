/**
 * Frames as they pass a transport, for whoever wants to look: a program's verbose mode, a test, a developer.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import { FrameWatcher, type Log } from "@effect-http2/engine/frame/frameWatcher"
import { through } from "@effect-http2/engine/Output"
import type { Transport } from "./Transport.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Direction,
  /**
   * @since 0.1.0
   * @category models
   */
  Log
} from "@effect-http2/engine/frame/frameWatcher"

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
  const sent = new FrameWatcher("sent", role === "client", log)
  const received = new FrameWatcher("received", role === "server", log)
  return {
    ...through(transport),
    peer: transport.peer,
    incoming: Stream.tap(transport.incoming, (octets) => Effect.sync(() => received.watch(octets))),
    write: (chunks) => {
      for (const chunk of chunks) sent.watch(chunk)
      return transport.write(chunks)
    },
    end: transport.end,
    close: transport.close
  }
})
