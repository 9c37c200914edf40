/**
 * Streams that we reset, until the peer is known to know (RFC 9113 §5.1, closed): a PING sent behind the RST_STREAM frames says so when it is
 * acknowledged. One for any number of resets. Called by the connection.
 */
import type { Stream } from "../stream/stream.js"

export class ResetPings {
  private waiting: Array<Stream> = []
  private isOut = false

  /** `ping` sends a PING and calls back at its acknowledgement. */
  constructor(private readonly ping: (onAcknowledged: () => void) => void) {}

  /** RST_STREAM was sent for `stream`. */
  add(stream: Stream): void {
    this.waiting.push(stream)
    if (!this.isOut) this.send()
  }

  private send(): void {
    const streams = this.waiting
    this.waiting = []
    this.isOut = true
    this.ping(() => {
      this.isOut = false
      for (const stream of streams) stream.resetAcknowledged()
      if (this.waiting.length > 0) this.send()
    })
  }
}
