/**
 * One direction of a connection in memory: it cuts what is written into reads, lets them arrive late, breaks off, and keeps what has arrived
 * until it is pulled. Made and called by `MemoryTransport`, two for each connection.
 */
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { TransportError } from "../Http2Error.js"

export interface MemoryPipeOptions {
  readonly chunkSizes?: ReadonlyArray<number> | ((read: number) => number) | undefined
  readonly highWaterMark?: number | undefined
}

export interface Latency {
  readonly clock: Clock.Clock
  /** In milliseconds. */
  readonly delay: number
}

/** What travels in a pipe, in order: a read, the end, or the break. */
type Item = Uint8Array | "end" | "cut"

export type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, TransportError>

/** The empty chunk stands for the end, since no read is empty. */
export const ended: Pull = Effect.succeed(Chunk.empty())

/** One direction. `unpulled` is the octets that were written and not yet pulled: those on the way and those that have arrived. */
export class MemoryPipe {
  unpulled = 0
  onCutOff: () => void = () => {}
  onPulled: () => void = () => {}
  private arrived: Array<Uint8Array> = []
  private outcome: Pull | undefined = undefined
  private waiter: ((pull: Pull) => void) | undefined = undefined
  private readonly travelling: Array<{ readonly due: number; readonly item: Item }> = []
  private wakeCarrier: (() => void) | undefined = undefined
  private reads = 0
  /** False once nothing more can be sent. */
  private open = true

  constructor(
    private readonly options: MemoryPipeOptions,
    private readonly latency: Latency | undefined,
    /** Octets until the connection breaks. */
    private allowance: number | undefined
  ) {}

  /** How many of the octets the system has not taken over. */
  pending(): number {
    return Math.max(0, this.unpulled - (this.options.highWaterMark ?? 0))
  }

  send(bytes: Uint8Array): void {
    if (!this.open) return
    const allowed = this.allowance === undefined ? bytes.length : Math.min(bytes.length, this.allowance)
    for (let start = 0; start < allowed;) {
      const end = Math.min(allowed, start + this.readSize())
      this.unpulled += end - start
      this.travel(bytes.subarray(start, end))
      start = end
    }
    if (this.allowance === undefined) return
    this.allowance -= allowed
    if (this.allowance > 0) return
    this.open = false
    this.travel("cut")
  }

  sendEnd(): void {
    if (!this.open) return
    this.open = false
    this.travel("end")
  }

  /** Nothing more arrives. What has arrived is still to be pulled, unless `drop`. */
  settle(outcome: Pull, drop: boolean): void {
    this.open = false
    this.travelling.length = 0
    if (drop) this.arrived = []
    this.outcome ??= outcome
    // The other side may still pull what has arrived, but the writer is done with it.
    this.unpulled = 0
    this.wake()
    this.onPulled()
  }

  readonly pull: Pull = Effect.async((resume) => {
    this.waiter = resume
    this.wake()
    return Effect.sync(() => {
      this.waiter = undefined
    })
  })

  /** Lets what travels arrive when it is due. */
  readonly carry: Effect.Effect<never> = Effect.forever(
    Effect.suspend(() => {
      const next = this.travelling[0]
      const latency = this.latency
      if (next === undefined || latency === undefined) {
        return Effect.async<void>((resume) => {
          this.wakeCarrier = () => resume(Effect.void)
        })
      }
      const wait = next.due - latency.clock.unsafeCurrentTimeMillis()
      if (wait > 0) return latency.clock.sleep(Duration.millis(wait))
      this.travelling.shift()
      this.arrive(next.item)
      return Effect.void
    })
  )

  private readSize(): number {
    const sizes = this.options.chunkSizes
    const read = this.reads++
    const size = typeof sizes === "function" ? sizes(read) : sizes?.[read % sizes.length]
    if (size === undefined) return Infinity
    return size >= 1 ? Math.floor(size) : 1
  }

  private travel(item: Item): void {
    if (this.latency === undefined) return this.arrive(item)
    this.travelling.push({ due: this.latency.clock.unsafeCurrentTimeMillis() + this.latency.delay, item })
    const wake = this.wakeCarrier
    this.wakeCarrier = undefined
    wake?.()
  }

  private arrive(item: Item): void {
    if (item === "cut") return this.onCutOff()
    if (item === "end") this.outcome ??= ended
    else this.arrived.push(item)
    this.wake()
  }

  private wake(): void {
    const waiter = this.waiter
    if (waiter === undefined) return
    if (this.arrived.length > 0) {
      const arrived = this.arrived
      this.arrived = []
      this.unpulled -= lengthOf(arrived)
      this.waiter = undefined
      waiter(Effect.succeed(Chunk.unsafeFromArray(arrived)))
      this.onPulled()
    } else if (this.outcome !== undefined) {
      this.waiter = undefined
      waiter(this.outcome)
    }
  }
}

const lengthOf = (chunks: ReadonlyArray<Uint8Array>): number => {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  return length
}

export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(lengthOf(chunks))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
