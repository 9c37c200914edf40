/**
 * One named budget for each known attack on HTTP/2 (RFC 9113 §10.5), for a peer in either role. A budget that is used up ends the connection
 * with ENHANCE_YOUR_CALM and an error that names the option. Called by the dispatcher's handlers and the connection.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Options } from "../Options.js"
import type { Http2Stats } from "../Http2Stats.js"
import type { Meter } from "../Meter.js"
import { TokenBucket } from "./tokenBucket.js"

/** Octets of credit under which a WINDOW_UPDATE is not worth its frame. */
const tiny = 16
/** WINDOW_UPDATEs for each stream by which a peer may make its windows wider than they were: as it opens, and while it measures the path. */
const mostWidenings = 4
/** GOAWAY frames that mean something: a graceful end has two, and an error can follow them. One is for peers that say it once more. */
const mostGoAways = 4

/** What has left of DATA: all of it, padding counted, and that of frames which no window has cut short. */
export interface SentOctets {
  readonly sentOctets: number
  readonly uncutOctets: number
}

export class AbuseGuard {
  private readonly resets: TokenBucket
  private readonly glitches: TokenBucket
  /** Octets that the peer has given credit for on streams that have ended. */
  private lateCredit = 0
  /** Octets that it has given credit for in WINDOW_UPDATEs under `tiny`. */
  private tinyCredit = 0
  /** Octets that it has given credit for in the others, for streams and for the connection. */
  private credited = 0
  /** The most that this was ever beyond twice what was sent, and how often it grew. */
  private widest = 0
  private widenings = 0
  private goAways = 0
  /** Whether anything of use has come since the last PING, as its preface was before the first, and what had been sent by then. */
  private hasProgress = true
  private sentAtPing = 0

  constructor(
    private readonly options: Options,
    private readonly stats: Http2Stats,
    private readonly now: () => number,
    private readonly meter: Meter
  ) {
    this.resets = new TokenBucket(options.resetBurst, options.resetRate, now())
    this.glitches = new TokenBucket(options.glitchBurst, options.glitchRate, now())
  }

  /**
   * CVE-2023-44487 (Rapid Reset): the peer opens and resets. CVE-2025-8671 (MadeYouReset): it makes us reset. One bucket for both.
   */
  reset(): void {
    if (!this.resets.take(this.now())) throw tripped("resetBurst", "too many streams were reset")
  }

  /**
   * A frame that costs work and carries nothing: CVE-2019-9518 (empty DATA), CVE-2019-9513 (PRIORITY), CVE-2020-11080 (SETTINGS churn),
   * streams beyond the limit, frames for streams that are gone.
   */
  glitch(what: string): void {
    this.stats.glitches++
    this.meter.glitches++
    if (!this.glitches.take(this.now())) throw tripped("glitchBurst", `too many frames without use, the last: ${what}`)
  }

  /** A stream has begun, or the peer has sent something of use on one: a PING may follow it. */
  progress(): void {
    this.hasProgress = true
  }

  /**
   * CVE-2019-9512: PING without end, whose answers may well be read. A peer that measures the path sends one for each round trip in which it had DATA of
   * ours, `sentOctets` in all, or sent some itself; one that makes sure that we are there sends one now and then, which the rate allows.
   */
  ping(sentOctets: number): void {
    const isOfUse = this.hasProgress || sentOctets > this.sentAtPing
    this.hasProgress = false
    this.sentAtPing = sentOctets
    if (!isOfUse) this.glitch("PING")
  }

  /** GOAWAY without end: after the first few, another one has no effect. */
  goAway(): void {
    this.goAways++
    if (this.goAways > mostGoAways) this.glitch("GOAWAY")
  }

  /**
   * CVE-2019-9511 (Data Dribble): a window that is doled out, so that a body leaves in tiny frames. Who gives back what it has read of frames that were
   * whole, `uncutOctets`, may do so in as many pieces as it likes, for the stream and for the connection.
   */
  credit(increment: number, { sentOctets, uncutOctets }: SentOctets, streams: number): void {
    if (increment >= tiny) return this.largeCredit(increment, sentOctets, streams)
    this.tinyCredit += increment
    if (this.tinyCredit > 2 * uncutOctets) this.glitch("a tiny WINDOW_UPDATE")
  }

  /**
   * A peer that gives back what it has read never has more out than it had, whatever it began with: one that goes beyond that makes a window wider, which is
   * of use now and then. Without this, 134 million frames of 16 octets fit into a window.
   */
  private largeCredit(increment: number, sentOctets: number, streams: number): void {
    this.credited += increment
    const beyond = this.credited - 2 * sentOctets
    if (beyond <= this.widest) return
    this.widest = beyond
    this.widenings++
    if (this.widenings > mostWidenings * (streams + 1)) this.glitch("WINDOW_UPDATE for more than was sent")
  }

  /**
   * WINDOW_UPDATE on a stream that has ended a while ago: a peer that still reads what came on it gives credit for that, in as many pieces as it likes, and
   * for no more than what was sent to it, `sentOctets` on all streams.
   */
  creditOnClosed(increment: number, sentOctets: number): void {
    this.lateCredit += increment
    if (this.lateCredit > sentOctets) this.glitch("WINDOW_UPDATE on a closed stream")
  }

  /**
   * CVE-2019-9512, 9514, 9515 (PING, reset and SETTINGS floods): frames that need an answer from a peer that does not read.
   */
  controlFramesQueued(count: number): void {
    if (count > this.options.maxQueuedControlFrames) {
      throw tripped("maxQueuedControlFrames", "the peer asks for answers and does not read them")
    }
  }

  /** CVE-2020-11080: a SETTINGS frame with thousands of entries. */
  settingsEntries(count: number): void {
    if (count > this.options.maxSettingsEntries) throw tripped("maxSettingsEntries", `SETTINGS with ${count} entries`)
  }
}

const tripped = (limit: string, reason: string): Http2Error.ConnectionError =>
  Http2Error.connectionError(ErrorCode.ENHANCE_YOUR_CALM, "10.5", reason, { limit })
