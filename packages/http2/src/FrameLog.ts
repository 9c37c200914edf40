/**
 * Frames as they pass a transport, for whoever wants to look: a program's verbose mode, a test, a developer.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import { FrameWatcher, type Log } from "@effect-http2/engine/frame/frameWatcher"
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
