/**
 * WebSockets whose memory is bounded: `ws` frames messages up to a size, `Socket.fromWebSocket` of the platform runs them. What that leaves open is closed
 * here, at both its edges: it starts a fiber for each message however many run, and its writer sends however much waits. Called by webSocket.ts and
 * http1WebSocket.ts.
 */
import * as Socket from "@effect/platform/Socket"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
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
const messageOverhead = 1024

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

/** The limits that the WebSockets of an application have. */
export class CurrentLimits extends Context.Reference<CurrentLimits>()(
  "@effect-http2/platform-node/internal/WebSocketLimits",
  { defaultValue: () => new WebSocketLimits({}) }
) {}

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
      if (error != null) this.isBroken = true
      for (const wake of this.waiting) wake()
    })
  }

  /**
   * Completes when less than `most` octets wait to be sent. Never, where nothing can be sent any more, as no write completes behind the end of a Socket:
   * what is sent while it comes is dropped at once, and a writer in a loop would let nobody run who brings it about.
   */
  awaitRoom(most: number): Effect.Effect<void> {
    return Effect.async((resume) => {
      const look = (): void => {
        if (this.unsent >= most || this.isBroken || this.readyState !== this.OPEN) return
        this.waiting.delete(look)
        resume(Effect.void)
      }
      this.waiting.add(look)
      look()
      return Effect.sync(() => {
        this.waiting.delete(look)
      })
    })
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

const sizeOf = (message: string | Uint8Array): number => message.length + messageOverhead

/** What a Socket uses of a WebSocket; the type of the web, which it asks for, has more. */
const used: ReadonlyArray<keyof globalThis.WebSocket> = [
  "addEventListener",
  "removeEventListener",
  "readyState",
  "close",
  "send"
]

const isUsable = (webSocket: object): webSocket is globalThis.WebSocket => used.every((name) => name in webSocket)

/** `Socket.fromWebSocket`, within the limits. */
export const fromWebSocket = <E extends Socket.SocketError>(
  acquire: Effect.Effect<BoundedWebSocket, E, Scope.Scope>,
  { receiveBufferSize, sendBufferSize }: WebSocketLimits
): Effect.Effect<Socket.Socket> =>
  Effect.suspend(() => {
    let current: BoundedWebSocket | undefined = undefined
    const remembering = Effect.flatMap(acquire, (webSocket) => {
      current = webSocket
      return isUsable(webSocket) ? Effect.succeed(webSocket) : Effect.dieMessage("ws has changed")
    })
    return Effect.map(Socket.fromWebSocket(remembering), (socket) => {
      const runRaw: Socket.Socket["runRaw"] = (handler, options) =>
        socket.runRaw((message) => {
          const result = handler(message)
          const webSocket = current
          if (!Effect.isEffect(result) || webSocket === undefined) return result
          const size = sizeOf(message)
          webSocket.begin(size, receiveBufferSize)
          return Effect.ensuring(
            result,
            Effect.sync(() => webSocket.end(size, receiveBufferSize))
          )
        }, options)
      const encoder = new TextEncoder()
      const turns = Effect.unsafeMakeSemaphore(1)
      const room = Effect.suspend(() => current?.awaitRoom(sendBufferSize) ?? Effect.void)
      return Socket.Socket.of({
        [Socket.TypeId]: Socket.TypeId,
        runRaw,
        run: (handler, options) =>
          runRaw((message) => handler(typeof message === "string" ? encoder.encode(message) : message), options),
        // Writers wait in a line. A close does not: it may be for a peer that does not read.
        writer: Effect.map(
          socket.writer,
          (write) => (chunk) =>
            Socket.isCloseEvent(chunk) ? write(chunk) : turns.withPermits(1)(Effect.zipRight(room, write(chunk)))
        )
      })
    })
  })
