/**
 * Streams that we reset, until the peer is known to have read the RST_STREAM (RFC 9113 §5.1, closed): a PING sent behind it says so when it is
 * acknowledged. One for any number of resets. Called by the connection.
 */
import type { Stream } from "../stream/stream.js"

/** Sends a PING and calls back at its acknowledgement. */
interface Pinging {
  ping(onAcknowledged: () => void): void
}

export class ResetPings {
  /** There while some wait for the PING behind the one that is out. */
  private waiting: Array<Stream> | undefined = undefined
  private isOut = false

  constructor(private readonly connection: Pinging) {}

  /** RST_STREAM was sent for `stream`. */
  add(stream: Stream): void {
    if (!this.isOut) this.send([stream])
    else if (this.waiting === undefined) this.waiting = [stream]
    else this.waiting.push(stream)
  }

  private send(streams: ReadonlyArray<Stream>): void {
    this.isOut = true
    this.connection.ping(() => {
      for (const stream of streams) stream.resetAcknowledged()
      this.isOut = false
      const { waiting } = this
      this.waiting = undefined
      if (waiting !== undefined) this.send(waiting)
    })
  }
}
