/**
 * How receive windows grow with the path (RFC 9113 §5.2.1): a window that is used up faster than credit can come back is what limits the peer, and is
 * doubled, up to `maxWindowSize`. Asked by the connection when credit is due, for its own window and for those of its streams.
 *
 * The round trip is the shortest that was seen: of the first SETTINGS, which costs nothing, and of PINGs, which are sent only where a window is used up that
 * fast. On a short path no PING is sent and no window grows, since credit is never late there.
 */
import type { ReceiveWindow } from "./receiveWindow.js"

/** A path is short below this round trip, in ms: the default window of a stream for each such round trip is 420 Mbit/s, and the connection's four times that. */
const short = 5

/** What the growth of windows asks of its connection. */
export interface Path {
  /** The clock, in ms. */
  readonly now: () => number
  /** Sends a PING; `onAcknowledged` gets the round-trip time in ms. */
  ping(onAcknowledged: (roundTrip: number) => void): void
}

export class WindowGrowth {
  /** Whether a PING has measured the round trip: an acknowledgement of SETTINGS may have waited for more than the path. */
  private isMeasured = false
  private isMeasuring = false

  private constructor(
    private readonly path: Path,
    /** Octets that a window grows to; one that has as many from the start does not grow. */
    private readonly most: number,
    /** The shortest that was seen, in ms. */
    private roundTrip: number
  ) {}

  /** What a connection needs whose first SETTINGS were acknowledged after `roundTrip` ms: undefined on a short path, and where it is turned off. */
  static on(path: Path, most: number, roundTrip: number): WindowGrowth | undefined {
    return roundTrip < short || most === 0 ? undefined : new WindowGrowth(path, most, roundTrip)
  }

  /**
   * Credit for `window` is due. Makes it larger where half of it was used up in less than two round trips; returns by how much, in octets, 0 mostly.
   *
   * FLOW CONTROL: WINDOW_UPDATE: send: what this returns is to be given to the peer with the credit.
   */
  grow(window: ReceiveWindow): number {
    const { path, roundTrip } = this
    if (window.size >= this.most || roundTrip < short) return 0
    if (window.creditedAfter(path.now()) >= 2 * roundTrip) return 0
    this.measure()
    if (!this.isMeasured) return 0
    const increment = Math.min(window.size, this.most - window.size)
    window.resize(increment)
    return increment
  }

  /** One PING at a time. */
  private measure(): void {
    if (this.isMeasuring) return
    this.isMeasuring = true
    this.path.ping((roundTrip) => {
      this.isMeasuring = false
      this.isMeasured = true
      this.roundTrip = Math.min(this.roundTrip, roundTrip)
    })
  }
}
