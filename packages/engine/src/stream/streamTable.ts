/**
 * The streams that are alive, by id, and what their number may be (RFC 9113 §5.1.1, §5.1.2). A stream that we reset stays until the peer
 * knows; one that is not here, with an id not above the highest seen, is closed. Called by the dispatcher's handlers and the roles.
 *
 * A ring indexed by `id >>> 1`: ids come in order and most streams are short, so that few slots are ever wanted twice; those go to a Map.
 */

/** What the table has to know of a stream. */
export interface Entry {
  readonly id: number
}

/** How a stream that is not in the table ended, as far as that is still known. */
export type Ending = "ended" | "reset" | "unknown"

/** Slots at first: a connection that is idle, or has one request after another, holds little. Beyond their ids there are many. */
const fewSlots = 16
const manySlots = 256

const noneLeft = new Int32Array(0)

export class StreamTable<S extends Entry> {
  /** None before the first stream. */
  private slots: Array<S | undefined> = []
  /** For each slot the id of the stream that left it last; negative where the peer had reset it. */
  private left = noneLeft
  /** There once two streams want one slot. */
  private crowded: Map<number, S> | undefined = undefined
  /** Streams that the peer opened, and streams that we opened. */
  remoteCount = 0
  localCount = 0
  /** How many there have been, of either side. */
  opened = 0
  /** The highest id that the peer has opened, 0 before the first. */
  highestRemote = 0
  /** The highest id that we have opened, 0 before the first. */
  highestLocal = 0

  constructor(
    /** 1 where we open odd ids, a client; 0 where we open even ones. */
    private readonly localParity: 0 | 1
  ) {}

  get size(): number {
    return this.remoteCount + this.localCount
  }

  isLocal(id: number): boolean {
    return (id & 1) === this.localParity
  }

  /** Whether no stream with this id, nor with a higher one of the same side, was opened yet. */
  isIdle(id: number): boolean {
    return id > (this.isLocal(id) ? this.highestLocal : this.highestRemote)
  }

  get(id: number): S | undefined {
    const stream = this.slots[(id >>> 1) & (this.slots.length - 1)]
    if (stream !== undefined && stream.id === id) return stream
    return this.crowded?.get(id)
  }

  add(stream: S): void {
    const { id } = stream
    this.opened++
    if (this.isLocal(id)) {
      this.localCount++
      if (id > this.highestLocal) this.highestLocal = id
    } else {
      this.remoteCount++
      if (id > this.highestRemote) this.highestRemote = id
    }
    if (this.slots.length < manySlots && id >>> 1 >= this.slots.length) {
      this.grow(id >>> 1 < fewSlots ? fewSlots : manySlots)
    }
    this.place(stream)
    if (this.crowded !== undefined && this.crowded.size > 64 && this.slots.length < 16_384) {
      this.grow(this.slots.length * 2)
    }
  }

  private place(stream: S): void {
    const slot = (stream.id >>> 1) & (this.slots.length - 1)
    if (this.slots[slot] === undefined) this.slots[slot] = stream
    else (this.crowded ??= new Map()).set(stream.id, stream)
  }

  private grow(size: number): void {
    const streams = this.alive()
    const { left } = this
    this.slots = new Array<S | undefined>(size).fill(undefined)
    this.left = new Int32Array(size)
    for (const id of left) if (id !== 0) this.left[(Math.abs(id) >>> 1) & (size - 1)] = id
    this.crowded = undefined
    for (const stream of streams) this.place(stream)
  }

  /** `byPeer`: the peer reset it. */
  remove(stream: S, byPeer: boolean): void {
    const { id } = stream
    const slot = (id >>> 1) & (this.slots.length - 1)
    if (this.slots[slot] === stream) this.slots[slot] = undefined
    else if (this.crowded?.delete(id) !== true) return
    this.left[slot] = byPeer ? -id : id
    if (this.isLocal(id)) this.localCount--
    else this.remoteCount--
  }

  /** How the closed stream `id` ended. Only the last one of each slot is remembered. */
  endingOf(id: number): Ending {
    const left = this.left[(id >>> 1) & (this.slots.length - 1)]
    return left === id ? "ended" : left === -id ? "reset" : "unknown"
  }

  /** The peer resets `id`, which has just ended. False where it has not, as far as that is still known, or was reset already. */
  resetEnded(id: number): boolean {
    if (this.endingOf(id) !== "ended") return false
    this.left[(id >>> 1) & (this.slots.length - 1)] = -id
    return true
  }

  /** The streams that are alive; those that were there when it was called. */
  values(): ReadonlyArray<S> {
    return this.size === 0 ? [] : this.alive()
  }

  private alive(): Array<S> {
    const streams: Array<S> = []
    for (const stream of this.slots) if (stream !== undefined) streams.push(stream)
    if (this.crowded !== undefined) streams.push(...this.crowded.values())
    return streams
  }
}
