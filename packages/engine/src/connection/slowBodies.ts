/**
 * Bodies that their peer moves more slowly than anybody honest does: one that it owes us and does not send, though it has credit, and one that it takes
 * octet by octet. A reader that pauses takes nothing at all, and is no attack (stallBudget.ts): neither our own, whose window is full, nor the peer's.
 * Called by deadlines.ts: streams are looked at whenever deadlines are checked, and judged once a period is over.
 */
import type { ReceiveWindow } from "../flow/receiveWindow.js"
import type { Options } from "../Options.js"
import type { Stream } from "../stream/stream.js"

/** The connection, as far as its bodies go. */
export interface BodiesOwner {
  readonly options: Options
  readonly receiveWindow: ReceiveWindow
  /** Octets of DATA that have left, on all streams. */
  readonly sentOctets: number
  readonly now: () => number
}

/** What a stream has moved since a time. */
interface Period {
  /** In ms of the clock. */
  readonly since: number
  /** Octets that had moved by then: of the stream, and of the connection. */
  readonly own: number
  readonly all: number
  /** Whether the period before was too slow. */
  readonly wasSlow: boolean
}

/** The streams of a connection whose bodies wait for the peer, in one direction. */
class Waiting {
  private before: Map<Stream, Period> | undefined = undefined
  private streams: Map<Stream, Period> | undefined = undefined

  constructor(
    private readonly timeout: number,
    /** The least octets a second. */
    private readonly rate: number,
    /** Octets that the body of a stream has moved. */
    private readonly movedOf: (stream: Stream) => number,
    /** A stream has moved `octets` in a period, and that is too little. */
    private readonly onSlow: (stream: Stream, octets: number, wasSlow: boolean) => void
  ) {}

  /** Those that are not added again by the time of `judge` do not wait any more. */
  begin(): void {
    this.before = this.streams
    this.streams = undefined
  }

  add(stream: Stream, all: number, now: number): void {
    const period = this.before?.get(stream) ?? { since: now, own: this.movedOf(stream), all, wasSlow: false }
    this.streams = (this.streams ?? new Map<Stream, Period>()).set(stream, period)
  }

  /**
   * Acts on the streams whose period is over, and returns the ms until the next one is. Where the connection has moved as much as all that wait are to move
   * together, none of them is slow: its peer takes one after the other, or its line is shared.
   */
  judge(all: number, now: number): number {
    const { streams, timeout } = this
    let next = Number.POSITIVE_INFINITY
    if (streams === undefined) return next
    for (const [stream, period] of [...streams]) {
      const { since, wasSlow } = period
      const isOver = since + timeout <= now
      next = Math.min(next, isOver ? timeout : since + timeout - now)
      if (!isOver) continue
      const own = this.movedOf(stream)
      const least = Math.max(1, (this.rate * (now - since)) / 1000)
      const isSlow = own - period.own < least && all - period.all < least * streams.size
      streams.set(stream, { since: now, own, all, wasSlow: isSlow && own > period.own })
      if (isSlow) this.onSlow(stream, own - period.own, wasSlow)
    }
    return next
  }
}

/** Whether unread octets take nearly all of the window: our reader pauses, and what is left is no credit that a peer has to use. */
const isFull = ({ size, window }: ReceiveWindow): boolean => window.octets * 16 < size

export class SlowBodies {
  /** Octets of DATA that have come, on all streams. */
  private receivedOctets = 0
  private readonly owed: Waiting
  private readonly taken: Waiting

  constructor(private readonly owner: BodiesOwner) {
    const { bodyTimeout, minBodyRate, stallTimeout } = owner.options
    const received = (stream: Stream): number => stream.receivedOctets
    this.owed = new Waiting(bodyTimeout, minBodyRate, received, (stream, octets) =>
      stream.giveUpSlow(octets === 0 ? "bodyTimeout" : "minBodyRate", "the peer does not go on with the body")
    )
    const sent = (stream: Stream): number => stream.sender?.taken ?? 0
    // CVE-2019-9511: a window that is opened octet by octet, for two periods.
    this.taken = new Waiting(stallTimeout, minBodyRate, sent, (stream, octets, wasSlow) => {
      if (octets > 0 && wasSlow) stream.giveUpSlow("minBodyRate", "the peer takes the body octet by octet")
    })
  }

  /** DATA has come. */
  noteData(octets: number): void {
    this.receivedOctets += octets
  }

  /** Gives up the streams that were too slow for a whole period. Returns the ms until the next period is over. */
  look(streams: Iterable<Stream>): number {
    const { owed, owner, receivedOctets, taken } = this
    const { receiveWindow, sentOctets } = owner
    const now = owner.now()
    const hasCredit = !isFull(receiveWindow)
    owed.begin()
    taken.begin()
    for (const stream of streams) {
      const { receiveWindow: window, sender } = stream
      const isOwed = hasCredit && stream.owesBody && (window === undefined || !isFull(window))
      if (isOwed) owed.add(stream, receivedOctets, now)
      if (sender !== undefined && sender.queued > 0 && stream.isHeldByWindow) taken.add(stream, sentOctets, now)
    }
    return Math.min(owed.judge(receivedOctets, now), taken.judge(sentOctets, now))
  }
}
