/**
 * A `Transport` over an open socket of `node:net` or `node:tls`. It takes the socket over: all its listeners are set here, and taken away
 * when it has closed, but for one that swallows late errors, since an 'error' event that nobody hears ends the process.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { Peer, Transport } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { peerOf } from "./peer.js"
import { fromSocketError } from "./socketError.js"
import { SocketReader } from "./socketReader.js"

/** In octets: what `Buffer.concat` takes from Node's pool, without an allocation of its own. */
const POOLED = 4096

const ignoreError = (): void => {}

/** From now on, an 'error' event of this socket or server that nobody else hears is nothing. */
export const silence = (emitter: Net.Socket | Net.Server): void => {
  if (!emitter.listeners("error").includes(ignoreError)) emitter.on("error", ignoreError)
}

/** Those whose 'close' event has come: Node's own `closed` is true before the system has given the handle back. */
const closed = new WeakSet<Net.Socket>()

/** To be called as soon as a socket is at hand, before `destroySocket`. */
export const adoptSocket = (socket: Net.Socket): void => {
  silence(socket)
  if (socket.destroyed) closed.add(socket)
  else socket.once("close", () => closed.add(socket))
}

/** Destroys a socket and completes when it has closed. For sockets that never became a transport, too. */
export const destroySocket = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (closed.has(socket)) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    socket.destroy()
  })

/** Slabs for all sockets of the process. */
const slabs: Array<Buffer> = []
const slabSize = 65_536
/** Slabs that are kept though nobody uses them. */
const spareSlabs = 16

const memory: NonNullable<Transport["memory"]> = {
  borrow: (size) => (size > slabSize ? undefined : slabs.pop()) ?? Buffer.allocUnsafeSlow(Math.max(size, slabSize)),
  giveBack: (octets) => {
    if (octets instanceof Buffer && octets.length === slabSize && slabs.length < spareSlabs) slabs.push(octets)
  },
  view: (octets) =>
    octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

class SocketTransport implements Transport {
  readonly peer: Peer
  readonly incoming: Transport["incoming"]
  private readonly reader: SocketReader
  private readonly isTls: boolean
  private writable = true
  private drained: (() => void) | undefined = undefined

  constructor(
    private readonly socket: Net.Socket,
    path: { readonly remote?: string; readonly local?: string } | undefined,
    refuse: Refuse | undefined
  ) {
    this.isTls = socket instanceof Tls.TLSSocket
    this.peer = peerOf(socket, path)
    // Ours to decide when our side ends; Node reads this at the peer's end.
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    socket.setTimeout(0)
    adoptSocket(socket)
    socket.on("error", this.onError)
    socket.on("close", this.onClose)
    this.reader = new SocketReader(socket, refuse)
    this.incoming = this.reader.stream
    if (socket.destroyed || socket.writableEnded) this.writable = false
  }

  readonly write = (chunks: ReadonlyArray<Uint8Array>): boolean => {
    if (!this.writable) return true
    const socket = this.socket
    if (chunks.length === 1) {
      const chunk = chunks[0]
      if (chunk === undefined || chunk.length === 0) return true
      const idle = socket.writableLength === 0 && !socket.connecting
      socket.write(chunk, this.onWritten)
      return this.isTaken(idle)
    }
    let total = 0
    for (const chunk of chunks) total += chunk.length
    if (total === 0) return true
    if (total < POOLED) {
      // Cheaper than a vectored write, and the memory is the caller's again in any case.
      socket.write(Buffer.concat(chunks, total), this.onWritten)
      return true
    }
    const idle = socket.writableLength === 0 && !socket.connecting
    socket.cork()
    // One callback for all of them: it comes when the last is done.
    const last = chunks.length - 1
    for (let i = 0; i < last; i++) {
      const chunk = chunks[i]
      if (chunk !== undefined && chunk.length > 0) socket.write(chunk)
    }
    socket.write(chunks[last] ?? "", this.onWritten)
    socket.uncork()
    return this.isTaken(idle)
  }

  /** Buffers, since Node would make one of anything else, for every slice anew. */
  readonly memory = memory

  readonly pendingOctets = (): number => (this.socket.destroyed ? 0 : this.socket.writableLength)

  readonly onDrain = (listener: () => void): void => {
    this.drained = listener
    if (this.pendingOctets() === 0) process.nextTick(this.onWritten)
  }

  readonly defer = (task: () => void): void => {
    setImmediate(task)
  }

  readonly hold = (isHeld: boolean): void => {
    if (isHeld) this.socket.ref()
    else this.socket.unref()
  }

  readonly end: Effect.Effect<void> = Effect.async((resume) => {
    const socket = this.socket
    // Who waits for the end of a connection that is idle has to see it.
    socket.ref()
    this.writable = false
    if (socket.destroyed || socket.writableFinished) return resume(Effect.void)
    const done = (): void => {
      socket.off("finish", done)
      socket.off("close", done)
      resume(Effect.void)
    }
    socket.on("finish", done)
    socket.on("close", done)
    socket.end()
    return Effect.sync(() => {
      socket.off("finish", done)
      socket.off("close", done)
    })
  })

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.writable = false
    this.reader.close()
    return destroySocket(this.socket)
  })

  /**
   * Whether the memory of the write just made may be overwritten. libuv tries a write at once: a length of 0 says that the kernel has copied
   * everything. TLS never completes at once, but its write (`TLSWrap::DoWrite`) encrypts or copies all it is given before it returns; it was
   * given it now if nothing stood before it.
   */
  private isTaken(idle: boolean): boolean {
    return this.socket.writableLength === 0 || (this.isTls && idle)
  }

  /** One function for all writes: Node groups completions by identity. */
  private readonly onWritten = (): void => {
    const listener = this.drained
    if (listener === undefined || this.pendingOctets() > 0) return
    this.drained = undefined
    listener()
  }

  private readonly onError = (error: Error): void => {
    this.writable = false
    this.reader.fail(fromSocketError(error))
  }

  private readonly onClose = (): void => {
    this.writable = false
    const socket = this.socket
    this.reader.onClose()
    socket.off("error", this.onError)
    socket.off("close", this.onClose)
    this.onWritten()
  }
}

/** Says what is wrong with the first octets of a peer, or with none. */
export type Refuse = (first: Uint8Array | undefined) => TransportError | undefined

export const fromOpenSocket = (
  socket: Net.Socket,
  path?: { readonly remote?: string; readonly local?: string },
  refuse?: Refuse
): Transport => new SocketTransport(socket, path, refuse)
