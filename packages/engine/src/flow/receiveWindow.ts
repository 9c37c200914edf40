/**
 * The window of data that the peer may send to us, of a stream or of the connection: counts what arrives, and says when what was
 * consumed is worth a WINDOW_UPDATE. Called by the dispatcher's handlers on arrival and by the connection on consumption.
 */
import { adjust, type Window } from "./window.js"

export class ReceiveWindow {
  /** Octets that were consumed and not yet given back. window + unacknowledged + buffered by the streams == size, always. */
  private unacknowledged = 0
  /** Octets of the whole window. */
  size: number
  /** When credit was due last, in ms of the clock, where anybody asks. */
  private creditedAt: number | undefined = undefined

  constructor(
    /** Octets that the peer may still send; all of them for now. */
    readonly window: Window,
    /** Whether several bodies share it, so that an unread one takes the room of the others. */
    private readonly isShared: boolean
  ) {
    this.size = window.octets
  }

  /**
   * Counts `octets` that arrived. False where the peer sent more than it may (RFC 9113 §6.9.1), `slack` octets beyond the window where it may not know
   * its size yet (§6.9.3).
   */
  receive(octets: number, slack = 0): boolean {
    const { window } = this
    const left = window.octets
    if (octets > 0 && left + slack < octets) return false
    window.octets = left - octets
    return true
  }

  /**
   * Makes the window larger or smaller by `delta`: below zero where the peer has sent more than the new size (§6.9.2). Returns the increment to send:
   * what was consumed may be half of a smaller window, and nothing more comes to be consumed where none is left.
   */
  resize(delta: number): number {
    this.size += delta
    adjust(this.window, delta)
    return this.due()
  }

  /**
   * Counts `octets` as consumed; of a shared window also 0, behind what has arrived. Returns the increment to send, 0 until half of the window was
   * consumed; of a shared one, half of what nobody leaves unread.
   *
   * FLOW CONTROL: WINDOW_UPDATE: send: at half a window, so that a fast peer never stands still and a slow one costs few frames.
   */
  consume(octets: number): number {
    this.unacknowledged += octets
    return this.due()
  }

  /** Credit is due at `now`: how many ms after it was the last time, infinity the first time. */
  creditedAfter(now: number): number {
    const { creditedAt } = this
    this.creditedAt = now
    return creditedAt === undefined ? Number.POSITIVE_INFINITY : now - creditedAt
  }

  private due(): number {
    if (this.unacknowledged * 2 < this.size && !this.isShort) return 0
    const increment = this.unacknowledged
    this.unacknowledged = 0
    adjust(this.window, increment)
    return increment
  }

  /**
   * Whether the peer has no more left than what is kept from it, and could send with that (§5.2.2). Where all was read, that is half of the window;
   * where more than half lies unread, half would never be reached.
   */
  private get isShort(): boolean {
    if (!this.isShared || this.unacknowledged === 0) return false
    const left = this.window.octets
    return this.unacknowledged >= left && this.unacknowledged + left > 0
  }

  /** Octets of the window that are neither free nor consumed: they lie in a queue. 0 when all was read. */
  get outstanding(): number {
    return this.size - this.window.octets - this.unacknowledged
  }

  /** Whether unread octets take nearly all of it: other bodies have no room until some of them are read. */
  get isHeld(): boolean {
    return this.outstanding * 16 > this.size * 15
  }
}
