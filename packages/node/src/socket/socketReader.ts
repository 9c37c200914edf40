/**
 * The hand-over from a socket to who pulls. It owns what has arrived and was not taken yet, and pauses the socket when that is more than one chunk, so that a
 * slow reader holds back its peer and not our memory. A reader that waits is woken at once, or, where a chunk is so large that more of it follows, once for
 * all that the event loop reads in one turn.
 *
 * All sockets of the process are read into one buffer, and each read is copied out of it before the next: Node's own way, 64 KiB of fresh memory for each
 * read, cut to what came, costs twice as much. What is handed on belongs to who takes it.
 *
 * Made by socketOutput.ts, one for each connection. A skin makes its Stream of it: it takes what there is, then looks at `outcome`, else waits.
 */
import { TransportError } from "@effect-http2/engine/Http2Error"
import type * as Net from "node:net"
import { readInto } from "./netInternals.js"
import { fromSocketError } from "./socketError.js"

/** Told what has arrived; nothing where `outcome` is there instead. */
export type Waiter = (arrived: Array<Uint8Array>) => void

/** How reading is over: with the end of the peer's side, or our own close; or with what broke. */
export type Outcome = "ended" | TransportError

/** Octets of a chunk behind which more is likely to lie: a whole record of TLS; on plain sockets, Node reads up to four times that. */
const large = 16_384
/** Octets for which a reader that waits is woken, whatever follows. */
const most = 262_144

/** What every socket of the process is read into. */
const shared = Buffer.allocUnsafeSlow(262_144)
/** Octets of a chunk that is handed on, at most: who keeps a slice of one keeps no more than that. */
const largest = 65_536

/** Says what is wrong with the first octets of a peer, or with none. */
export type Refuse = (first: Uint8Array | undefined) => TransportError | undefined

export class SocketReader {
  private arrived: Array<Uint8Array> = []
  private waiter: Waiter | undefined = undefined
  private over: Outcome | undefined = undefined
  private paused = false
  /** Octets of `arrived`, where a reader waits for them. */
  private gathered = 0
  private isWakeDue = false

  /** `refuse` says what is wrong with the first octets, or with none: what a peer of another protocol sends is not handed on. */
  constructor(
    private readonly socket: Net.Socket,
    private refuse?: Refuse
  ) {
    if (socket.destroyed || socket.readableEnded) {
      // What will be emitted has been emitted already.
      this.over = socket.readableEnded ? "ended" : closedError(socket)
      return
    }
    readInto(socket, shared, this.onRead)
    // What Node has read before, or somebody has put back.
    const before: unknown = socket.readableLength > 0 ? socket.read() : null
    if (before instanceof Uint8Array) this.onData(before)
    if (this.over !== undefined) return
    // All that comes, where it is not read into memory of ours.
    socket.on("data", this.onData)
    socket.on("end", this.onEnd)
    // A socket that was paused by its former owner stays so after a 'data' listener is added.
    if (socket.isPaused()) socket.resume()
  }

  /** Whether `take` gives something. */
  get hasArrived(): boolean {
    return this.arrived.length > 0
  }

  /** Undefined while more may come. What arrived before is taken first. */
  get outcome(): Outcome | undefined {
    return this.over
  }

  /**
   * Calls `waiter` once, when something has arrived, or the outcome is there; to be called where neither is. A reader that gave up leaves its waiter behind,
   * which swallows what comes next: nobody else reads then.
   */
  wait(waiter: Waiter): void {
    this.waiter = waiter
  }

  /** The connection broke. What arrived before is still handed on. */
  fail(error: TransportError): void {
    this.settle(error)
  }

  /** Our own close: nothing more is handed on. */
  close(): void {
    this.arrived = []
    this.detach()
    this.settle("ended")
  }

  /** The socket's 'close' event came. */
  onClose(): void {
    // Behind the end of the peer's side it is nothing new: no error is made for it.
    if (this.over === undefined) this.fail(closedError(this.socket))
  }

  /** As many octets are in `shared`, until this returns. */
  private readonly onRead = (octets: number): true => {
    for (let at = 0; at < octets && this.over === undefined; at += largest) {
      const end = Math.min(octets, at + largest)
      const chunk = Buffer.allocUnsafe(end - at)
      chunk.set(shared.subarray(at, end))
      this.onData(chunk)
    }
    return true
  }

  private readonly onData = (chunk: Uint8Array): void => {
    if (this.refuse !== undefined && this.isRefused(chunk)) return
    this.arrived.push(chunk)
    if (this.waiter === undefined) {
      if (this.arrived.length > 1 && !this.paused) {
        this.paused = true
        this.socket.pause()
      }
      return
    }
    this.gathered += chunk.length
    if (chunk.length < large || this.gathered >= most) this.wake()
    else if (!this.isWakeDue) {
      this.isWakeDue = true
      setImmediate(this.onLoopEnd)
    }
  }

  /** The event loop has read what it can for now. */
  private readonly onLoopEnd = (): void => {
    this.isWakeDue = false
    if (this.waiter !== undefined && this.arrived.length > 0) this.wake()
  }

  /** Gives what there is to the reader that waits, if one does. */
  private wake(): void {
    const { waiter } = this
    if (waiter === undefined) return
    this.waiter = undefined
    waiter(this.take())
  }

  private readonly onEnd = (): void => {
    if (this.refuse === undefined || !this.isRefused(undefined)) this.settle("ended")
  }

  /** Looks once. */
  private isRefused(first: Uint8Array | undefined): boolean {
    const refusal = this.refuse?.(first)
    this.refuse = undefined
    if (refusal === undefined) return false
    this.fail(refusal)
    this.socket.destroy()
    return true
  }

  /** What has arrived, one chunk for each read; the array is the caller's. */
  take(): Array<Uint8Array> {
    const { arrived } = this
    this.arrived = []
    this.gathered = 0
    if (this.paused) {
      this.paused = false
      this.socket.resume()
    }
    return arrived
  }

  private settle(outcome: Outcome): void {
    if (this.over !== undefined) return
    this.over = outcome
    this.detach()
    this.takeBuffered()
    this.wake()
  }

  /** While paused, Node fills its own buffer up to its high water mark; a socket that broke does not emit that any more. */
  private takeBuffered(): void {
    for (let chunk: unknown = this.socket.read(); chunk instanceof Uint8Array; chunk = this.socket.read()) {
      this.arrived.push(chunk)
    }
    this.paused = false
  }

  private detach(): void {
    this.socket.off("data", this.onData)
    this.socket.off("end", this.onEnd)
  }
}

const closedError = (socket: Net.Socket): TransportError =>
  socket.errored
    ? fromSocketError(socket.errored)
    : new TransportError({ reason: "Closed", description: "the socket was closed before the peer ended" })
