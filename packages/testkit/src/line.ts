/**
 * The far end of a connection, as a scripted peer has it: a socket, or the pipe of an engine in memory. What the peer does is written once, and runs over
 * either.
 */
import type * as Net from "node:net"
import type { Pipe } from "./pipe.js"

/** How the other side ended. */
export type End = "FIN" | "RST"

export interface Listener {
  readonly onOctets: (octets: Uint8Array) => void
  /** May be called more than once; the first counts. */
  readonly onEnd: (how: End) => void
}

export interface Line {
  readonly write: (octets: Uint8Array) => void
  /** Ends our side; the other may go on. */
  readonly end: () => void
  /** Takes our side away, whatever is under way. */
  readonly destroy: () => void
  /** Breaks the connection: the other side fails. */
  readonly reset: () => void
  readonly listen: (listener: Listener) => void
}

/** `socket` has `allowHalfOpen`. */
export const ofSocket = (socket: Net.Socket): Line => ({
  write: (octets) => void socket.write(octets),
  end: () => void socket.end(),
  destroy: () => void socket.destroy(),
  reset: () => void socket.resetAndDestroy(),
  listen: ({ onEnd, onOctets }) => {
    socket.on("data", onOctets)
    socket.on("end", () => onEnd("FIN"))
    socket.on("error", () => onEnd("RST"))
    socket.on("close", () => onEnd("RST"))
  }
})

/** In memory: what the engine writes arrives when it writes it. */
export const ofPipe = (pipe: Pipe): Line => ({
  write: (octets) => pipe.send(octets),
  end: () => pipe.sendEnd(),
  destroy: () => pipe.reset(),
  reset: () => pipe.reset(),
  listen: ({ onEnd, onOctets }) => {
    pipe.listen(() => {
      const octets = pipe.take()
      if (octets.length > 0) onOctets(octets)
      if (pipe.isEnded) onEnd("FIN")
    })
  }
})
