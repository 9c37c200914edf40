/**
 * The deadlines of a connection, and what happens when one is missed. One timer is set for the earliest. Called by the connection.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Connection, Timer } from "./connection.js"
import { SlowBodies } from "./slowBodies.js"

type TimeLimit =
  "prefaceTimeout" | "settingsTimeout" | "frameTimeout" | "headersTimeout" | "stallTimeout" | "pingTimeout"

const timedOut = (
  code: ErrorCode.ErrorCode,
  section: string,
  limit: TimeLimit,
  reason: string
): Http2Error.ConnectionError => Http2Error.connectionError(code, section, reason, { limit })

/** Octets of a DATA frame that count as progress. */
const dribble = 1024

export class Deadlines {
  /** Since when, in ms, what stands here has been waiting; infinity where it does not wait. */
  private readonly startedAt: number
  /** How old the connection becomes, in ms. */
  private readonly mostAge: number
  private frameSince = Number.POSITIVE_INFINITY
  /** Octets of one DATA frame that have come since then. */
  private dribbled = 0
  /** When the last DATA came, in ms. */
  private dataAt = Number.NEGATIVE_INFINITY
  private blockSince = Number.POSITIVE_INFINITY
  private floodedSince = Number.POSITIVE_INFINITY
  private keepAliveAt = Number.NEGATIVE_INFINITY
  /** There while streams are: a connection at rest has none. */
  private slowBodies: SlowBodies | undefined = undefined
  /** When the timer rings, in ms of the clock. */
  private ringsAt = Number.POSITIVE_INFINITY

  constructor(
    private readonly connection: Connection,
    private readonly timer: Timer
  ) {
    this.startedAt = connection.now()
    this.mostAge = connection.options.maxConnectionAge * (0.9 + 0.2 * Math.random())
  }

  /**
   * Called after every turn: what is half received, and since when. A frame that is whole, and as many octets of one as nobody would dribble, give
   * what follows its own time.
   */
  noteTurn(frames: ReadonlyArray<Frame.Frame>): void {
    for (const frame of frames) {
      if (frame._tag === "Data") {
        this.dataAt = this.connection.lastReceivedAt
        this.slowBodies?.noteData(frame.data.length)
      }
      if (frame._tag !== "Data" || !frame.continued) this.dribbled = dribble
      else this.dribbled += frame.flowControlledLength
    }
    if (this.dribbled >= dribble) {
      this.dribbled = 0
      this.frameSince = Number.POSITIVE_INFINITY
    }
    this.frameSince = this.since(this.connection.isMidFrame, this.frameSince)
    this.blockSince = this.since(this.connection.blocks.isOpen, this.blockSince)
    this.floodedSince = this.since(this.connection.outbox.isFlooded, this.floodedSince)
  }

  private since(waits: boolean, before: number): number {
    return waits ? Math.min(before, this.connection.now()) : Number.POSITIVE_INFINITY
  }

  /** Something is due in `millis`: the timer rings by then. */
  within(millis: number): void {
    if (this.connection.now() + millis < this.ringsAt) this.set(millis)
  }

  private set(millis: number): void {
    if (millis === Number.POSITIVE_INFINITY) return
    this.ringsAt = this.connection.now() + millis
    this.timer.set(millis)
  }

  /** Acts on what is overdue, and sets the timer for what is due next. */
  check(): void {
    this.ringsAt = Number.POSITIVE_INFINITY
    if (!this.connection.isClosed) {
      const next = this.checkOpen()
      if (!this.connection.isClosed) return this.set(Math.min(next, this.connection.checkClosing()))
    }
    this.set(this.connection.checkClosing())
  }

  /** Acts on what is overdue of a connection that has not ended. Returns the ms until something is due. */
  private checkOpen(): number {
    const { connection } = this
    const { options } = connection
    const now = connection.now()
    connection.outbox.rest()
    // Whatever begins to wait from now on is due in no less than the shortest of the timeouts.
    let next = Math.min(options.frameTimeout, options.headersTimeout, options.pingTimeout, options.stallTimeout)
    next = Math.min(
      next,
      options.settingsTimeout,
      options.idleTimeout,
      options.keepAliveInterval,
      options.bodyTimeout,
      10_000
    )
    const due = (since: number, timeout: number, act: () => void): void => {
      const left = since + timeout - now
      if (left <= 0) act()
      else if (left < next) next = left
    }
    const limit = (since: number, name: TimeLimit, code: ErrorCode.ErrorCode, section: string, reason: string): void =>
      due(since, options[name], () => connection.fail(timedOut(code, section, name, reason)))
    if (!connection.hasRemoteSettings) {
      limit(this.startedAt, "prefaceTimeout", ErrorCode.PROTOCOL_ERROR, "3.4", "no connection preface came")
    }
    due(this.startedAt, this.mostAge, () => connection.closeGracefully())
    const { settings } = connection
    // Other than for the first, the answer may stand behind all that the windows hold, on a slow line.
    const unacknowledgedSince = settings.hasAcknowledged ? Math.max(settings.oldest, this.dataAt) : settings.oldest
    limit(unacknowledgedSince, "settingsTimeout", ErrorCode.SETTINGS_TIMEOUT, "6.5.3", "SETTINGS were not acknowledged")
    limit(this.frameSince, "frameTimeout", ErrorCode.ENHANCE_YOUR_CALM, "10.5", "a frame stays half sent")
    limit(this.blockSince, "headersTimeout", ErrorCode.ENHANCE_YOUR_CALM, "10.5.1", "a field block stays half sent")
    limit(this.floodedSince, "stallTimeout", ErrorCode.ENHANCE_YOUR_CALM, "10.5", "answers are asked for and not read")
    // The peer does not answer. While frames come it is taken to be alive.
    const silentSince = Math.max(connection.pings.oldest, connection.lastReceivedAt)
    limit(silentSince, "pingTimeout", ErrorCode.INTERNAL_ERROR, "6.7", "a PING was not acknowledged")
    if (connection.table.size === 0 && connection.role.lingering === 0) {
      // A peer that has sent GOAWAY is closed as well.
      if (connection.status === "open" || connection.goneAway !== undefined) {
        due(connection.idleSince, options.idleTimeout, () => connection.closeGracefully())
      }
    } else {
      this.checkStalled(due)
      next = Math.min(next, this.lookAtBodies())
      this.checkKeepAlive(due)
    }
    return Math.max(next, 1)
  }

  /** Returns the ms until the next body may be too slow. */
  private lookAtBodies(): number {
    const { table } = this.connection
    this.slowBodies = table.size === 0 ? undefined : (this.slowBodies ?? new SlowBodies(this.connection))
    return this.slowBodies?.look(table.values()) ?? Number.POSITIVE_INFINITY
  }

  /**
   * CVE-2019-9511, CVE-2019-9517: a peer that asks for much and takes little, WINDOW_UPDATEs or not. One that does not read its socket, or leaves the
   * rest of a request open, loses the stream. One whose windows are used up may have a reader that pauses: it loses the stream where it does not
   * answer a PING, or where more memory is held for it than `maxStalledOctets` and `maxTotalStalledOctets` allow.
   */
  private checkStalled(due: (since: number, timeout: number, act: () => void) => void): void {
    const { connection } = this
    const { maxStalledOctets, maxTotalStalledOctets, stallTimeout } = connection.options
    const { stalled, totalStalled } = connection
    const overdue = connection.now() - stallTimeout
    let isPaused = false
    for (const stream of connection.table.values()) {
      const { stalledSince } = stream
      if (stalledSince > overdue) connection.forgetStall(stream)
      due(stalledSince, stallTimeout, () => {
        if (!stream.isHeldByWindow) return stream.giveUp("stallTimeout")
        isPaused = true
        stalled.add(stream)
        totalStalled.add(stream)
      })
    }
    if (!isPaused) return
    stalled.enforce(maxStalledOctets, overdue)
    totalStalled.enforce(maxTotalStalledOctets, overdue)
    const isSilent = connection.lastReceivedAt <= overdue && connection.pings.oldest === Number.POSITIVE_INFINITY
    if (isSilent) connection.ping(() => {})
  }

  /** Sends a PING after silence. Any frame from the peer shows that it is alive, and starts the time anew. */
  private checkKeepAlive(due: (since: number, timeout: number, act: () => void) => void): void {
    const { connection } = this
    const { keepAliveInterval } = connection.options
    due(Math.max(connection.lastReceivedAt, this.keepAliveAt), keepAliveInterval, () => {
      this.keepAliveAt = connection.now()
      connection.ping(() => {})
    })
  }
}
