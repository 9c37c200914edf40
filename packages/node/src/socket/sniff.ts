/**
 * What a new connection speaks. TLS has agreed on it by ALPN; on a plain port the first octets tell (RFC 9113 §3.3): a client of HTTP/2
 * begins with its preface, and no request of HTTP/1.1 does. Called by the skins for every connection that a port accepts.
 */
import type * as Net from "node:net"
import * as Tls from "node:tls"

/** Undefined: the client went away, or said too little for too long. */
export type Protocol = "h2" | "http/1.1" | undefined

/** RFC 9113 §3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1")

/** "h2" or "http/1.1", or undefined where more octets are needed to tell. */
export const protocolOf = (octets: Uint8Array): Protocol => {
  const length = Math.min(octets.length, preface.length)
  for (let i = 0; i < length; i++) if (octets[i] !== preface[i]) return "http/1.1"
  return length === preface.length ? "h2" : undefined
}

/** What came first on a connection, and what that is. */
export interface First<A> {
  readonly octets: Uint8Array
  /** Undefined where it is too little to tell, and no more came. */
  readonly is: A | undefined
}

const nothing = Buffer.alloc(0)

class FirstReader<A> {
  private octets: Buffer = nothing
  private readonly timer: NodeJS.Timeout

  constructor(
    private readonly socket: Net.Socket,
    timeout: number,
    private readonly tell: (octets: Uint8Array) => A | undefined,
    private readonly next: (first: First<A>) => void
  ) {
    this.timer = setTimeout(this.onGone, Math.min(timeout, 0x7fffffff))
    socket.on("readable", this.onReadable)
    socket.on("end", this.onGone)
    socket.on("close", this.onGone)
  }

  readonly stop = (): void => {
    const { onGone, socket } = this
    clearTimeout(this.timer)
    socket.off("readable", this.onReadable)
    socket.off("end", onGone)
    socket.off("close", onGone)
  }

  private done(is: A | undefined): void {
    const { octets, socket } = this
    this.stop()
    if (octets.length > 0) socket.unshift(octets)
    this.next({ octets, is })
  }

  private readonly onGone = (): void => this.done(undefined)

  private readonly onReadable = (): void => {
    const { socket } = this
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) {
      this.octets = this.octets.length === 0 ? chunk : Buffer.concat([this.octets, chunk])
    }
    const is = this.tell(this.octets)
    if (is !== undefined) this.done(is)
  }
}

/** Reads as little as `tell` needs, puts it back, and goes on with `next`: unless it was stopped before, by what comes back. `timeout` in ms. */
export const readFirst = <A>(
  socket: Net.Socket,
  timeout: number,
  tell: (octets: Uint8Array) => A | undefined,
  next: (first: First<A>) => void
): (() => void) => new FirstReader(socket, timeout, tell, next).stop

/** What TLS has agreed on; undefined on a plain connection, where it has to be read. */
export const agreedProtocol = (socket: Net.Socket): Protocol =>
  socket instanceof Tls.TLSSocket ? (socket.alpnProtocol === "h2" ? "h2" : "http/1.1") : undefined

/** What was read on a plain connection. What is too little for HTTP/2 is for HTTP/1.1 to refuse. */
export const readProtocol = (socket: Net.Socket, { is, octets }: First<"h2" | "http/1.1">): Protocol =>
  is === undefined && octets.length > 0 && socket.readableEnded ? "http/1.1" : is
