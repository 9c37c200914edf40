/**
 * The closing of a connection: graceful shutdown (RFC 9113 §6.8), then a short time in which the peer can read the last GOAWAY (§5.4.1). It waits for
 * the acknowledgement of a PING, the end of the last stream, and time. Held by the connection; `deadlines` calls `check`.
 *
 * A server sends GOAWAY twice: first with the highest id there is, so that requests on their way are still served, and, once a PING sent behind it is
 * acknowledged, with the last id that it has seen.
 */
import * as ErrorCode from "../ErrorCode.js"
import { MAX_STREAM_ID } from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Connection } from "./connection.js"

/** How long the first GOAWAY may take to be acknowledged before the second follows anyway, in ms. */
const roundTripTimeout = 1000

/** How long the peer may take, once the connection has ended, to read what was said last and to end its side, in ms. */
const lingerTimeout = 1000

/**
 * Octets that are read after the end of a connection: as many as an honest peer can have on their way within the default window. A socket that is closed
 * with unread octets resets the connection, and the peer may lose the GOAWAY. Of a peer that sends more no more is read.
 */
const mostBehindEnd = 1_048_576

/**
 * `announced`: the first GOAWAY is out. `concluded`: the last one is, and what is open finishes. `lingering`: the connection has ended, and its peer may
 * still read. `released`: the transport is to be closed.
 */
type Phase = "open" | "announced" | "concluded" | "lingering" | "released"

export class Closing {
  private phase: Phase = "open"
  /** When the phase began, in ms of the clock. */
  private since = 0
  private behindEnd = 0

  constructor(
    private readonly connection: Connection,
    /** The transport is to be closed. */
    private readonly release: () => void
  ) {}

  /** Takes no new streams, lets the open ones finish up to `gracefulShutdownTimeout`, resets the rest, and ends the connection. */
  begin(): void {
    if (this.phase !== "open") return
    const { connection } = this
    if (!connection.role.isServer) return this.conclude()
    this.enter("announced")
    connection.sendGoAway(MAX_STREAM_ID, ErrorCode.NO_ERROR, "")
    // Requests may come in the same read.
    connection.ping(() => connection.defer(() => this.conclude()))
  }

  /** Sends the last GOAWAY, and ends the connection once no stream is open and no handler runs. */
  private conclude(): void {
    if (this.phase !== "open" && this.phase !== "announced") return
    const { connection } = this
    this.enter("concluded")
    connection.sendLastGoAway()
    connection.onIdle(() => connection.close(undefined))
  }

  /** The connection has ended. */
  ended(): void {
    this.enter("lingering")
  }

  /** Octets that arrive after the end are dropped. */
  receivedBehindEnd(octets: number): void {
    this.behindEnd += octets
    if (this.behindEnd > mostBehindEnd) this.releaseNow()
  }

  /** Acts on what is overdue. Returns the ms until something is due, infinity where nothing will be. */
  check(): number {
    const left = this.left
    if (left > 0) return left
    switch (this.phase) {
      case "announced":
        this.conclude()
        break
      case "concluded":
        this.resetAll()
        this.connection.close(undefined)
        break
      case "lingering":
        this.releaseNow()
        break
      case "open":
      case "released":
    }
    return Math.max(this.left, 1)
  }

  private get left(): number {
    return this.since + this.timeout - this.connection.now()
  }

  /** How long the phase may take, in ms. */
  private get timeout(): number {
    switch (this.phase) {
      case "announced":
        return roundTripTimeout
      case "concluded":
        return this.connection.options.gracefulShutdownTimeout
      case "lingering":
        return lingerTimeout
      default:
        return Number.POSITIVE_INFINITY
    }
  }

  private enter(phase: Phase): void {
    this.phase = phase
    this.since = this.connection.now()
    this.connection.deadlines.within(this.timeout)
  }

  private releaseNow(): void {
    if (this.phase !== "lingering") return
    this.phase = "released"
    this.release()
  }

  private resetAll(): void {
    for (const stream of this.connection.table.values()) {
      stream.reset(
        new Http2Error.StreamError({
          streamId: stream.id,
          code: ErrorCode.CANCEL,
          origin: "Local",
          reason: "Timeout",
          description: "the connection is shutting down",
          limit: "gracefulShutdownTimeout",
          processed: "unknown"
        })
      )
    }
  }
}
