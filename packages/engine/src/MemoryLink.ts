/**
 * Two links joined in memory, without a socket: what is written at one end arrives at the other, cut into reads, late, or not at all.
 *
 * @since 0.1.0
 */
import { TransportError } from "./Http2Error.js"
import type { Link, Reading } from "./Link.js"
import { concat, copy } from "./octets.js"
import type { Peer } from "./Peer.js"

/**
 * How the connection behaves. All of it holds for both directions, except `cutOffAfter`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How what is written is cut into reads: at most so many octets for the first read, for the second, and so on, from the start again
   * after the last; or a function from the number of the read, counted from 0. A read never joins two writes. Default: one read a write.
   */
  readonly chunkSizes?: ReadonlyArray<number> | ((read: number) => number) | undefined
  /**
   * The number of octets from the first end to the second, behind which the connection breaks: both ends fail with a
   * `TransportError` whose reason is `Reset`. Default: never.
   */
  readonly cutOffAfter?: number | undefined
  /**
   * The number of octets that count as taken over by the system although the other side has not read them: those beyond are
   * `pendingOctets`. Default: 0.
   */
  readonly highWaterMark?: number | undefined
}

/**
 * Runs a task once what was written has had its time to arrive.
 *
 * @since 0.1.0
 * @category models
 */
export type Latency = (task: () => void) => void

/** What travels in a pipe, in order: a read, the end, or the break. */
type Item = Uint8Array | "end" | "cut"

const ended: Reading = []

/** One direction. `unread` is the octets that were written and not yet read: those on the way and those that have arrived. */
class Pipe {
  unread = 0
  onCutOff: () => void = () => {}
  onRead: () => void = () => {}
  private arrived: Array<Uint8Array> = []
  private outcome: Reading | undefined = undefined
  private reader: ((reading: Reading) => void) | undefined = undefined
  private readonly travelling: Array<Item> = []
  private reads = 0
  /** Whether the waiting reader is scheduled to be called. */
  private isDue = false
  /** False once nothing more can be sent. */
  private isOpen = true

  constructor(
    private readonly options: Options,
    private readonly latency: Latency | undefined,
    /** Octets until the connection breaks. */
    private allowance: number | undefined
  ) {}

  /** How many of the octets the system has not taken over. */
  pending(): number {
    return Math.max(0, this.unread - (this.options.highWaterMark ?? 0))
  }

  send(octets: Uint8Array): void {
    if (!this.isOpen) return
    const allowed = this.allowance === undefined ? octets.length : Math.min(octets.length, this.allowance)
    for (let start = 0; start < allowed;) {
      const end = Math.min(allowed, start + this.readSize())
      this.unread += end - start
      this.travel(octets.subarray(start, end))
      start = end
    }
    if (this.allowance === undefined) return
    this.allowance -= allowed
    if (this.allowance > 0) return
    this.isOpen = false
    this.travel("cut")
  }

  sendEnd(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.travel("end")
  }

  /** Ends the direction. What has arrived can still be read, unless `drop`. */
  settle(outcome: Reading, drop: boolean): void {
    this.isOpen = false
    this.travelling.length = 0
    if (drop) this.arrived = []
    this.outcome ??= outcome
    // The other side may still read what has arrived, but the writer is done with it.
    this.unread = 0
  }

  /** Tells both sides that data has come or gone, or that the direction has ended. */
  tell(): void {
    this.wake()
    this.onRead()
  }

  read(onReading: (reading: Reading) => void): () => void {
    this.reader = onReading
    this.deliver()
    return () => {
      if (this.reader === onReading) this.reader = undefined
    }
  }

  private readSize(): number {
    const sizes = this.options.chunkSizes
    const read = this.reads++
    const size = typeof sizes === "function" ? sizes(read) : sizes?.[read % sizes.length]
    if (size === undefined) return Infinity
    return size >= 1 ? Math.floor(size) : 1
  }

  private travel(item: Item): void {
    if (this.latency === undefined) return this.arrive(item)
    this.travelling.push(item)
    this.latency(() => {
      const first = this.travelling.shift()
      if (first !== undefined) this.arrive(first)
    })
  }

  private arrive(item: Item): void {
    if (item === "cut") return this.onCutOff()
    if (item === "end") this.outcome ??= ended
    else this.arrived.push(item)
    this.wake()
  }

  /** A write returns before the other side can answer it, as with a socket. */
  private wake(): void {
    if (this.reader === undefined || this.isDue) return
    this.isDue = true
    void Promise.resolve().then(() => {
      this.isDue = false
      this.deliver()
    })
  }

  private deliver(): void {
    const { reader } = this
    if (reader === undefined) return
    if (this.arrived.length > 0) {
      const { arrived } = this
      this.arrived = []
      for (const { length } of arrived) this.unread -= length
      this.reader = undefined
      reader(arrived)
      this.onRead()
    } else if (this.outcome !== undefined) {
      this.reader = undefined
      reader(this.outcome)
    }
  }
}

/**
 * One of the two ends.
 *
 * @since 0.1.0
 * @category models
 */
export class End implements Link {
  readonly peer: Peer
  isClosed = false
  private isWritable = true
  private drained: (() => void) | undefined = undefined
  private readonly flushed = new Set<() => void>()

  constructor(
    private readonly outbound: Pipe,
    private readonly inbound: Pipe,
    local: string,
    remote: string
  ) {
    this.peer = {
      local: { host: `memory:${local}`, port: undefined },
      remote: { host: `memory:${remote}`, port: undefined },
      tls: undefined
    }
    outbound.onRead = this.onRead
  }

  readonly read = (onReading: (reading: Reading) => void): (() => void) => this.inbound.read(onReading)

  readonly write = (chunks: ReadonlyArray<Uint8Array>): boolean => {
    if (this.isWritable) {
      const octets = concat(chunks)
      // The caller may overwrite its memory at once.
      if (octets.length > 0) this.outbound.send(chunks.length === 1 ? copy(octets) : octets)
    }
    return true
  }

  readonly pendingOctets = (): number => (this.isClosed ? 0 : this.outbound.pending())

  readonly onDrain = (listener: () => void): void => {
    this.drained = listener
    this.onRead()
  }

  readonly defer = defer

  readonly end = (onEnded: () => void): (() => void) => {
    this.endWriting()
    if (this.pendingOctets() === 0) onEnded()
    else this.flushed.add(onEnded)
    return () => this.flushed.delete(onEnded)
  }

  readonly close = (onClosed: () => void): void => {
    this.isClosed = true
    this.endWriting()
    // What the other side writes from now on is dropped.
    this.inbound.settle(ended, true)
    this.inbound.tell()
    this.onRead()
    onClosed()
  }

  private endWriting(): void {
    this.isWritable = false
    this.outbound.sendEnd()
  }

  /** Breaks the connection in both directions. */
  reset(): void {
    const pipes = [this.outbound, this.inbound]
    // Both directions are broken before either end is told: neither can write any more.
    for (const pipe of pipes) pipe.settle(resetError(), false)
    for (const pipe of pipes) pipe.tell()
  }

  private readonly onRead = (): void => {
    if (this.pendingOctets() > 0) return
    for (const done of this.flushed) done()
    this.flushed.clear()
    // Never inside the other side's reading, nor inside the call of `onDrain`.
    if (this.drained !== undefined) void Promise.resolve().then(() => this.release())
  }

  private release(): void {
    const listener = this.drained
    if (listener === undefined || this.pendingOctets() > 0) return
    this.drained = undefined
    listener()
  }
}

const resetError = (): TransportError =>
  new TransportError({ reason: "Reset", description: "the connection in memory was broken" })

/** Hosts may have it; ECMAScript does not. */
declare const setImmediate: ((task: () => void) => unknown) | undefined
declare const setTimeout: ((task: () => void, milliseconds: number) => unknown) | undefined

/** After the current turn of the event loop, and not by a skin's clock: a test that stops time still gets its writes. */
const defer = (task: () => void): void => {
  if (typeof setImmediate === "function") setImmediate(task)
  else if (typeof setTimeout === "function") setTimeout(task, 0)
  else void Promise.resolve().then(task)
}

/**
 * Joins two ends. A link that closes does not take back what it wrote: it arrives, and then the other side's reading ends. Without `latency` what is written
 * arrives at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const join = (options: Options = {}, latency?: Latency): readonly [End, End] => {
  const forth = new Pipe(options, latency, options.cutOffAfter)
  const back = new Pipe(options, latency, undefined)
  const first = new End(forth, back, "first", "second")
  const second = new End(back, forth, "second", "first")
  forth.onCutOff = () => first.reset()
  return [first, second]
}
