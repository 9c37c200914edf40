/**
 * The window of data that the peer may send to us, of a stream or of the connection: counts what arrives, and says when what was
 * consumed is worth a WINDOW_UPDATE. Called by the dispatcher's handlers on arrival and by the connection on consumption.
 */
import * as FlowControl from "../FlowControl.js"
import { initial } from "../Settings.js"

export class ReceiveWindow {
  /** Octets that the peer may still send. */
  readonly window: FlowControl.Window
  /** Octets that were consumed and not yet given back. window + unacknowledged + buffered by the streams == size, always. */
  private unacknowledged = 0

  constructor(
    /** Octets of the whole window. */
    readonly size: number,
    /** Octets beyond it that a peer may send which does not know its size yet (§6.9.3). */
    private readonly slack = 0
  ) {
    this.window = FlowControl.make(size)
  }

  /** The window of a new stream. Until our SETTINGS are acknowledged, the peer counts with the initial size (§6.9.3). */
  static ofStream(size: number, areSettingsPending: boolean): ReceiveWindow {
    return new ReceiveWindow(size, areSettingsPending ? Math.max(0, initial.initialWindowSize - size) : 0)
  }

  /** Counts `octets` that arrived. False where the peer sent more than it may (RFC 9113 §6.9.1). */
  receive(octets: number): boolean {
    if (FlowControl.available(this.window) + this.slack < octets) return false
    return FlowControl.adjustNow(this.window, -octets)
  }

  /**
   * Counts `octets` as consumed. Returns the increment to send, 0 until half of the window was consumed.
   *
   * FLOW CONTROL: WINDOW_UPDATE: send: at half a window, so that a fast peer never stands still and a slow one costs few frames.
   */
  consume(octets: number): number {
    this.unacknowledged += octets
    if (this.unacknowledged * 2 < this.size) return 0
    const increment = this.unacknowledged
    this.unacknowledged = 0
    FlowControl.adjustNow(this.window, increment)
    return increment
  }

  /** Octets of the window that are neither free nor consumed: they lie in a queue. 0 when all was read. */
  get outstanding(): number {
    return this.size - FlowControl.available(this.window) - this.unacknowledged
  }
}
