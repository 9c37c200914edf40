/**
 * The sockets that a listening server has accepted and that are open, those in a TLS handshake included, and what becomes of those beyond the cap.
 * Made by the listener of a skin; listen.ts tells it of each.
 */
import type * as Net from "node:net"
import { adoptSocket, silence } from "./sockets.js"

/** One for all sockets of a listener: a 'close' event does not say whose it is. */
const forgetIn = (accepted: AcceptedSockets) =>
  function (this: Net.Socket): void {
    accepted.forget(this)
  }

export class AcceptedSockets {
  private readonly sockets = new Set<Net.Socket>()
  private isClosing = false
  /** Whether connections are refused, and that has been said. */
  private isFull = false
  private readonly onClose = forgetIn(this)

  constructor(
    /** A connection is ready for its protocol. */
    private readonly take: (socket: Net.Socket) => void,
    /** One is refused; with what the log is to say, once until there is room again. */
    private readonly onRefused: (text: readonly [message: string, reason: string] | undefined) => void
  ) {}

  /** For every socket that the server accepts, before TLS. */
  readonly accept = (socket: Net.Socket): void => {
    silence(socket)
    if (this.isClosing) {
      socket.destroy()
      return
    }
    this.sockets.add(socket)
    socket.on("close", this.onClose)
  }

  /** `socket` has closed. */
  forget(socket: Net.Socket): void {
    socket.off("close", this.onClose)
    this.sockets.delete(socket)
    this.isFull = false
  }

  /** As many are open as the listener takes, and the system has given it another one. */
  readonly drop = (refused?: Net.DropArgument): void => {
    if (this.isFull) return this.onRefused(undefined)
    this.isFull = true
    const from = refused?.remoteAddress === undefined ? "" : ` of ${refused.remoteAddress}`
    this.onRefused([
      `a connection${from} was refused`,
      `${this.sockets.size} are open, as many as maxConnections allows`
    ])
  }

  /** Hands on a connection that is ready for it. */
  readonly start = (socket: Net.Socket): void => {
    if (this.isClosing || socket.destroyed) {
      silence(socket)
      socket.destroy()
      return
    }
    adoptSocket(socket)
    this.take(socket)
  }

  /** Nothing is handed on any more. */
  close(): void {
    this.isClosing = true
  }

  /** Those that are left: handshakes that are still on their way. */
  destroyAll(): void {
    for (const socket of this.sockets) socket.destroy()
  }
}
