/**
 * WebSockets whose memory is bounded: `ws` frames messages up to a size, and counts what waits to be sent and what is being handled here. The skins make their
 * sockets of it.
 */
import { WebSocket, WebSocketServer } from "ws"

/** What a WebSocket of the server may hold. */
export interface WebSocketOptions {
  /** Octets of a message, at most; a larger one closes the WebSocket with 1009 (RFC 6455 §7.4.1). Default: 16 MiB. */
  readonly maxMessageSize?: number | undefined
  /** Octets that wait to be sent before a writer waits as well. Default: 1 MiB. */
  readonly sendBufferSize?: number | undefined
  /** Octets of messages whose handlers are not done, before nothing more is read. Default: 1 MiB. */
  readonly receiveBufferSize?: number | undefined
}

const mebibyte = 1024 * 1024

/** What is counted for a message besides its octets: its fiber. */
export const messageOverhead = 1024

export class WebSocketLimits {
  readonly sendBufferSize: number
  readonly receiveBufferSize: number
  /** Tracks nothing and listens nowhere: it is the one way to `ws`'s handshake. */
  readonly handshakes: WebSocketServer

  constructor({ maxMessageSize, receiveBufferSize, sendBufferSize }: WebSocketOptions) {
    this.sendBufferSize = sendBufferSize ?? mebibyte
    this.receiveBufferSize = receiveBufferSize ?? mebibyte
    this.handshakes = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageSize ?? 16 * mebibyte,
      WebSocket: BoundedWebSocket
    })
  }
}

/** Knows what it holds. */
export class BoundedWebSocket extends WebSocket {
  private unsent = 0
  private unhandled = 0
  /** Nothing can be sent any more, though the close event has not come. */
  private isBroken = false
  private readonly waiting = new Set<() => void>()

  /** As the platform calls it. */
  override send(data: Parameters<WebSocket["send"]>[0]): void {
    const length = typeof data === "string" ? Buffer.byteLength(data) : lengthOf(data)
    this.unsent += length
    super.send(data, (error) => {
      this.unsent -= length
      if (error instanceof Error) this.isBroken = true
      for (const wake of this.waiting) wake()
    })
  }

  /** Whether less than `most` octets wait to be sent, and more can be. */
  hasRoom(most: number): boolean {
    return this.unsent < most && !this.isBroken && this.readyState === this.OPEN
  }

  /**
   * Calls `done` when it has room, at once where it does. Never, where nothing can be sent any more, as no write completes behind the end of a Socket:
   * what is sent while it comes is dropped at once, and a writer in a loop would let nobody run who brings it about. What comes back takes `done` away.
   */
  awaitRoom(most: number, done: () => void): () => void {
    const forget = (): void => {
      this.waiting.delete(look)
    }
    const look = (): void => {
      if (!this.hasRoom(most)) return
      forget()
      done()
    }
    this.waiting.add(look)
    look()
    return forget
  }

  /** A message goes to its handler. */
  begin(length: number, most: number): void {
    this.unhandled += length
    if (this.unhandled >= most && this.readyState === this.OPEN) this.pause()
  }

  /** Its handler is done with it. */
  end(length: number, most: number): void {
    this.unhandled -= length
    if (this.unhandled < most && this.isPaused) this.resume()
  }
}

const lengthOf = (data: Exclude<Parameters<WebSocket["send"]>[0], string>): number =>
  data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : messageOverhead
