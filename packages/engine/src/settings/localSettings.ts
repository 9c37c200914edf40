/**
 * Our settings on one connection: what we announced, what the peer has not acknowledged yet, and what it may go by meanwhile (RFC 9113 §6.5.3). State
 * only: sendSettings.ts sends them and lets them take effect. Asked by the connection, the roles and the streams.
 */
import * as Settings from "../Settings.js"
import { AnnouncedLimit } from "./announcedLimit.js"

/** A SETTINGS frame of ours. */
export interface Sent {
  /** All settings as they stand behind it. */
  readonly settings: Settings.Settings
  /** The clock, in ms. */
  readonly sentAt: number
  /** Listeners that wait for its acknowledgement. */
  readonly onAcknowledged: Array<() => void>
}

const none: ReadonlyArray<Sent> = []

export class LocalSettings {
  /** In the order of their sending, which is the order of their acknowledgements. */
  private unacknowledged: ReadonlyArray<Sent> = none
  /** Whether the first are acknowledged. */
  hasAcknowledged = false
  /** Which frames, streams, sections and promises the peer may send. What the first SETTINGS say holds from the start. */
  readonly maxFrameSize: AnnouncedLimit
  readonly maxConcurrentStreams: AnnouncedLimit
  readonly maxHeaderListSize: AnnouncedLimit
  /** 1 where the peer may push. */
  readonly enablePush: AnnouncedLimit
  private readonly initialWindowSize = new AnnouncedLimit(Settings.initial.initialWindowSize)

  constructor(
    /** What was sent last, and holds for a peer that has read everything. */
    public announced: Settings.Settings
  ) {
    this.maxFrameSize = new AnnouncedLimit(announced.maxFrameSize)
    this.maxConcurrentStreams = new AnnouncedLimit(announced.maxConcurrentStreams)
    this.maxHeaderListSize = new AnnouncedLimit(announced.maxHeaderListSize)
    this.enablePush = new AnnouncedLimit(Number(announced.enablePush))
  }

  /** SETTINGS that lead to `settings` are sent. */
  announce(settings: Settings.Settings, sentAt: number): void {
    this.announced = settings
    this.unacknowledged = [...this.unacknowledged, { settings, sentAt, onAcknowledged: [] }]
    this.maxFrameSize.announce(settings.maxFrameSize)
    this.maxConcurrentStreams.announce(settings.maxConcurrentStreams)
    this.maxHeaderListSize.announce(settings.maxHeaderListSize)
    this.enablePush.announce(Number(settings.enablePush))
    this.initialWindowSize.announce(settings.initialWindowSize)
  }

  /** The oldest that were not acknowledged are. Undefined where all were. The frame decoder has counted it for itself: it is ahead. */
  acknowledge(): Sent | undefined {
    const [sent, ...rest] = this.unacknowledged
    if (sent === undefined) return undefined
    this.unacknowledged = rest.length === 0 ? none : rest
    this.hasAcknowledged = true
    this.maxConcurrentStreams.acknowledge()
    this.maxHeaderListSize.acknowledge()
    this.enablePush.acknowledge()
    this.initialWindowSize.acknowledge()
    return sent
  }

  /** Calls `listener` once all that was sent so far is acknowledged, at once where it is. */
  onAcknowledged(listener: () => void): void {
    const last = this.unacknowledged.at(-1)
    if (last === undefined) listener()
    else last.onAcknowledged.push(listener)
  }

  /** Whether some were sent that the peer has not acknowledged. */
  get isAwaited(): boolean {
    return this.unacknowledged.length > 0
  }

  /** When the oldest SETTINGS that are not acknowledged were sent, infinity where there are none. */
  get oldest(): number {
    return this.unacknowledged[0]?.sentAt ?? Number.POSITIVE_INFINITY
  }

  /**
   * Octets beyond a stream's window that a peer may send which does not know its size yet (§6.9.3). One number for all streams: every change moves all
   * their windows by the same.
   */
  get windowSlack(): number {
    return this.initialWindowSize.most - this.announced.initialWindowSize
  }
}
