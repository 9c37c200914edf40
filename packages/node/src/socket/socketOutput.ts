/**
 * An open socket of `node:net` or `node:tls` as the engine's `Output`, with the reader of what arrives. It takes the socket over: all its listeners are set
 * here, and taken away when it has closed, but for one that swallows late errors, since an 'error' event that nobody hears ends the process. The
 * `Transport` of a skin is made of it.
 */
import { Slabs } from "@effect-http2/engine/frame/slabs"
import type { Output } from "@effect-http2/engine/Output"
import type { Peer } from "@effect-http2/engine/Peer"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { type Path, peerOf } from "./peer.js"
import { fromSocketError } from "./socketError.js"
import { type Refuse, SocketReader } from "./socketReader.js"
import { adoptSocket, destroySocket } from "./sockets.js"

/** In octets: what `Buffer.concat` takes from Node's pool, without an allocation of its own. */
const POOLED = 4096

/** For all sockets of the process. */
const slabs = new Slabs((size) => Buffer.allocUnsafeSlow(size))

const memory: NonNullable<Output["memory"]> = {
  borrow: (size) => slabs.take(size),
  giveBack: (octets) => slabs.give(octets),
  view: (octets) =>
    octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

const stopped = (): void => {}

export class SocketOutput implements Output {
  readonly peer: Peer
  readonly reader: SocketReader
  private readonly isTls: boolean
  private writable = true
  private drained: (() => void) | undefined = undefined

  constructor(
    private readonly socket: Net.Socket,
    path: Path | undefined,
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
    if (socket.destroyed || socket.writableEnded) this.writable = false
  }

  write(chunks: ReadonlyArray<Uint8Array>): boolean {
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
  get memory(): NonNullable<Output["memory"]> {
    return memory
  }

  pendingOctets(): number {
    return this.socket.destroyed ? 0 : this.socket.writableLength
  }

  onDrain(listener: () => void): void {
    this.drained = listener
    if (this.pendingOctets() === 0) process.nextTick(this.onWritten)
  }

  defer(task: () => void): void {
    setImmediate(task)
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.socket.ref()
    else this.socket.unref()
  }

  /**
   * Sends what was written, then ends our side; calls `done` when all of it was handed to the system, or the connection is gone. What it gives back takes
   * `done` away.
   */
  endWrites(done: () => void): () => void {
    const socket = this.socket
    // Who waits for the end of a connection that is idle has to see it.
    socket.ref()
    this.writable = false
    if (socket.destroyed || socket.writableFinished) {
      done()
      return stopped
    }
    const stop = (): void => {
      socket.off("finish", onDone)
      socket.off("close", onDone)
    }
    const onDone = (): void => {
      stop()
      done()
    }
    socket.on("finish", onDone)
    socket.on("close", onDone)
    socket.end()
    return stop
  }

  /** Destroys the socket and drops what was not sent; reading ends. Calls `done` when the socket has closed. */
  destroy(done: () => void): void {
    this.writable = false
    this.reader.close()
    destroySocket(this.socket, done)
  }

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
