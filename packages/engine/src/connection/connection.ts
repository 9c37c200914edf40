/**
 * One connection inside the engine, in either role: what its parts share, and what happens to all of it. What is on
 * the connection reports to it; it is made by the skin, which gives it `Ports`.
 *
 * The skin calls `start`, and from within it, or later, `decode` and `turn` for each read, `receivedEnd` where the peer has ended its side, `close` where the transport has failed,
 * and `checkDeadlines` when the timer rings.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Options } from "../Options.js"
import type { Http2Stats } from "../Http2Stats.js"
import { type Meter, unseen } from "../Meter.js"
import * as Settings from "../Settings.js"
import type { MakeWindow } from "../flow/window.js"
import type { Output } from "../Output.js"
import type { Peer } from "../Peer.js"
import { AbuseGuard } from "./abuseGuard.js"
import { Closing } from "./closing.js"
import { Deadlines } from "./deadlines.js"
import { FrameDecoder } from "../frame/frameDecoder.js"
import type { Inbox, MakeInbox } from "../stream/inbox.js"
import { NewStreams, Rounds, type Startable, type Turns, WaitingBodies } from "./turn.js"
import { HeaderBlocks } from "../fields/headerBlock.js"
import { Listeners } from "../listeners.js"
import type { LocalSettings } from "../settings/localSettings.js"
import { emptyOctets } from "../octets.js"
import { Outbox } from "../send/outbox.js"
import { Pings } from "./pings.js"
import { ReceiveWindow } from "../flow/receiveWindow.js"
import { WindowGrowth } from "../flow/windowGrowth.js"
import { ResetPings } from "./resetPings.js"
import type { Role } from "./role.js"
import { sendPreface } from "./sendSettings.js"
import { sharedBudget, StallBudget } from "./stallBudget.js"
import type { Stream, StreamOwner } from "../stream/stream.js"
import { StreamTable } from "../stream/streamTable.js"
import * as Text from "../text.js"

/** The one timer of a connection. When it rings, `Connection.checkDeadlines` is called. */
export interface Timer {
  /** Lets it ring in `millis`, and not at the time that was set before. */
  set(millis: number): void
}

/** Who holds the transport of a connection. */
export interface Holder {
  /** The connection has ended: our side of the transport ends behind what is written, and what still comes is read as before. Called once. */
  ended(): void
  /** The peer has had its time to read the last frames, or goes on sending: the transport is closed now. Called at most once. */
  released(): void
}

/** What a connection is given by its skin. */
export interface Ports {
  readonly peer: Peer
  readonly output: Output
  readonly timer: Timer
  readonly holder: Holder
  readonly makeWindow: MakeWindow
  readonly makeInbox: MakeInbox
  /** Shared by the connections of a listener. Default: the connection's own. */
  readonly rounds?: Rounds | undefined
  /** Shared by the connections of a role. Default: the connection's own, which nobody sees. */
  readonly meter?: Meter | undefined
}

/** What a connection is doing. `draining`: no new streams, those that are open finish. */
export type Status = "open" | "draining" | "closed"

export class Connection implements StreamOwner, Turns {
  status: Status = "open"
  /** Why the connection ended, once it did; undefined also for a clean end. */
  error: Http2Error.Http2Error | undefined = undefined
  readonly meter: Meter
  readonly outbox: Outbox
  readonly table: StreamTable<Stream>
  readonly guard: AbuseGuard
  readonly blocks: HeaderBlocks
  readonly pings = new Pings()
  /** Memory held by stalled streams: of this connection, and of all connections that count into the same `stats`. */
  readonly stalled = new StallBudget("maxStalledOctets")
  readonly totalStalled: StallBudget
  remoteSettings: Settings.Settings = Settings.initial
  /** Whether the peer's first SETTINGS frame has come. */
  hasRemoteSettings = false
  /** The window for what we receive on all streams. */
  readonly receiveWindow: ReceiveWindow
  /** How that and the windows of the streams grow, on a long path. */
  private windowGrowth: WindowGrowth | undefined = undefined
  /** The last stream that we said we would process, in GOAWAY; ids above it are ignored. */
  acceptedUpTo = Frame.MAX_STREAM_ID
  /** The last stream that the peer said it would process. */
  peerAcceptsUpTo = Frame.MAX_STREAM_ID
  /** The clock, in ms: when the last octets came, and since when no stream has been open. */
  lastReceivedAt: number
  idleSince: number
  /** What the peer said in GOAWAY, once it did. */
  goneAway: Http2Error.ConnectionError | undefined = undefined
  readonly deadlines: Deadlines
  private readonly closing: Closing
  private readonly decoder: FrameDecoder
  private isHeld = true
  private readonly newStreams: NewStreams
  private readonly waitingBodies: WaitingBodies
  private readonly resetPings = new ResetPings(this)
  private readonly whenIdle = new Listeners()
  private readonly whenEnded = new Listeners()
  /** Notified when no new streams are accepted any more. */
  readonly whenDraining = new Listeners()
  /** Notified when the peer's first SETTINGS have come. */
  readonly whenSettled = new Listeners()

  constructor(
    private readonly ports: Ports,
    readonly role: Role,
    readonly options: Options,
    readonly settings: LocalSettings,
    readonly stats: Http2Stats,
    /** The clock, in ms. */
    readonly now: () => number
  ) {
    const { holder, makeWindow, output, timer } = ports
    const window = makeWindow(Settings.initial.initialWindowSize)
    const meter = ports.meter ?? unseen()
    this.meter = meter
    this.outbox = new Outbox(output, window, options, now, (run) => this.attempt(run), meter)
    this.waitingBodies = new WaitingBodies(output)
    this.newStreams = new NewStreams(this, ports.rounds ?? new Rounds())
    this.table = new StreamTable(role.isServer ? 0 : 1)
    this.guard = new AbuseGuard(options, stats, now, meter)
    this.blocks = new HeaderBlocks(options)
    this.totalStalled = sharedBudget(stats)
    this.receiveWindow = new ReceiveWindow(makeWindow(options.connectionWindowSize), true)
    this.lastReceivedAt = now()
    this.idleSince = now()
    const limits = role.extensionLimits(options)
    this.decoder = new FrameDecoder(settings.maxFrameSize, role.isServer, true, limits, meter.framesReceived)
    this.deadlines = new Deadlines(this, timer)
    this.closing = new Closing(this, () => holder.released())
    stats.connections++
    meter.connections++
    meter.connectionsOpened++
  }

  /**
   * Sends the preface, with `announcements` behind it, and begins to count time. `read` begins to read: what is there already is answered in the same
   * write.
   */
  start(announcements: ReadonlyArray<Frame.Frame> = [], read?: () => void): void {
    const { outbox } = this
    outbox.beginPreface()
    sendPreface(this)
    for (const frame of announcements) outbox.control(frame)
    this.checkDeadlines()
    read?.()
    outbox.endPreface()
  }

  get peer(): Peer {
    return this.ports.peer
  }

  get makeWindow(): MakeWindow {
    return this.ports.makeWindow
  }

  get makeInbox(): MakeInbox {
    return this.ports.makeInbox
  }

  get sentOctets(): number {
    return this.outbox.sentOctets
  }

  get isClosed(): boolean {
    return this.status === "closed"
  }

  get isDraining(): boolean {
    return this.status !== "open"
  }

  get peerInitialWindowSize(): number {
    return this.remoteSettings.initialWindowSize
  }

  get takesPriorityUpdates(): boolean {
    return !this.hasRemoteSettings || this.remoteSettings.noRfc7540Priorities
  }

  get peerMaxHeaderListSize(): number {
    return this.remoteSettings.maxHeaderListSize
  }

  // ------------------------------------------------------------------ a turn

  /**
   * Decodes what was read and adds its frames to `frames`, for `turn` in dispatch/dispatcher. After the end of the connection (§5.4.1) nothing is
   * decoded.
   */
  decode(octets: Uint8Array, frames: Array<Frame.Frame> = []): Array<Frame.Frame> {
    if (this.status !== "closed") return this.decoder.decode(octets, frames)
    this.closing.receivedBehindEnd(octets.length)
    return frames
  }

  /** Whether a frame has begun and is not whole. */
  get isMidFrame(): boolean {
    return this.decoder.isMidFrame
  }

  /** A read has come. What its frames add to the outbox leaves at the end of the turn. */
  beginTurn(): void {
    this.lastReceivedAt = this.now()
    this.outbox.beginTurn()
  }

  /** All `frames` of the read are processed: the streams that they opened start, then whoever can sends, in one write. */
  endTurn(frames: ReadonlyArray<Frame.Frame>): void {
    this.newStreams.endTurn()
    this.waitingBodies.endTurn()
    this.outbox.endTurn()
    if (this.table.size === 0) this.updateHold()
    if (this.outbox.controlFrames > this.options.maxQueuedControlFrames) {
      this.attempt(() => this.guard.controlFramesQueued(this.outbox.controlFrames))
    }
    this.deadlines.noteTurn(frames)
  }

  /** The timer rings: acts on what is overdue, and sets it anew. */
  checkDeadlines(): void {
    this.attempt(() => this.deadlines.check())
  }

  /** How the connection closes, as far as time goes: acts on what is overdue, and returns the ms until something is due. */
  checkClosing(): number {
    return this.closing.check()
  }

  /** Streams start that the turns before had no time for. */
  turnWithoutRead(): void {
    if (this.status === "closed") return
    this.outbox.beginTurn()
    this.attempt(() => this.newStreams.startNext())
    this.endTurn([])
  }

  /** Calls `run`, and handles a typed error that it throws by its scope: stream or connection. */
  attempt(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.raise(error)
    }
  }

  /** Handles a thrown error by its scope: stream or connection. */
  raise(error: unknown): void {
    if (Http2Error.isStreamError(error)) return this.attempt(() => this.streamError(error))
    if (Http2Error.isConnectionError(error)) return this.fail(error)
    const cause = { cause: error, reason: "Defect" } as const
    this.fail(Http2Error.connectionError(ErrorCode.INTERNAL_ERROR, "5.4.1", "a defect of this library", cause))
  }

  /** The peer broke a rule on one stream (§5.4.2). */
  private streamError(error: Http2Error.StreamError): void {
    const stream = this.table.get(error.streamId)
    if (stream !== undefined) stream.reset(error)
    else if (this.table.isIdle(error.streamId)) {
      // RST_STREAM has no place on an idle stream (§6.4): what is wrong there is wrong with the connection (§5.4), or ignored (§6.8).
      const isIgnored = !this.table.isLocal(error.streamId) && error.streamId > this.acceptedUpTo
      if (!isIgnored)
        return this.fail(Http2Error.connectionError(error.code, error.section ?? "5.4", error.description))
    } else {
      this.stats.resetsSent++
      this.outbox.rstStream(error.streamId, error.code)
    }
    // CVE-2025-8671: a reset that the peer made us send.
    this.guard.reset()
  }

  /** CVE-2026-50560: with SETTINGS that no response fits, for instance. */
  forcedReset(): void {
    this.attempt(() => this.guard.reset())
  }

  /** To be started behind the frames of this turn, or behind the event loop's where none runs. */
  startLater(stream: Startable): void {
    this.newStreams.add(stream, this.outbox.isInTurn)
  }

  defer(task: () => void): void {
    this.ports.output.defer(() => this.attempt(task))
  }

  deliverLater(inbox: Inbox): void {
    this.waitingBodies.add(inbox, this.outbox.isInTurn)
  }

  // ------------------------------------------------------------------ streams

  /** FLOW CONTROL: WINDOW_UPDATE: send: for the connection. 0 octets: more has arrived. */
  consumed(octets: number): void {
    const { receiveWindow } = this
    const wasHeld = receiveWindow.isHeld
    const increment = receiveWindow.consume(octets)
    if (increment > 0) this.outbox.windowUpdate(0, increment + this.growWindow(receiveWindow))
    if (wasHeld && !receiveWindow.isHeld) this.role.onCapacity()
  }

  growWindow(window: ReceiveWindow): number {
    return this.windowGrowth === undefined ? 0 : this.windowGrowth.grow(window)
  }

  /** The first SETTINGS are acknowledged, after `roundTrip` ms. */
  settled(roundTrip: number): void {
    this.windowGrowth = WindowGrowth.on(this, this.options.maxWindowSize, roundTrip)
  }

  opened(stream: Stream): void {
    this.table.add(stream)
    this.stats.activeStreams++
    this.meter.streams++
    this.guard.progress()
    if (this.table.size === 1) this.updateHold()
  }

  closed(stream: Stream, byPeer: boolean): void {
    this.table.remove(stream, byPeer)
    this.forgetStall(stream)
    this.stats.activeStreams--
    this.meter.streams--
    if (this.table.size === 0) {
      this.idleSince = this.now()
      this.notifyIdle()
    }
    this.role.onCapacity()
    if (this.table.size === 0) this.updateHold()
  }

  /**
   * Tells the transport whether the process has to go on for the connection: a client's holds it while something of its own is awaited, be it
   * a response, a stream for a request, or the answer to a PING or SETTINGS. A server's holds it always, as its listener does.
   */
  updateHold(): void {
    const { pings, role, settings } = this
    const { output } = this.ports
    if (role.isServer || output.hold === undefined || this.status === "closed") return
    const isAwaited = this.table.size > 0 || role.queued > 0 || !pings.isEmpty || settings.isAwaited
    if (isAwaited === this.isHeld) return
    this.isHeld = isAwaited
    output.hold(isAwaited)
  }

  /** `stream` makes progress, or is closed. */
  forgetStall(stream: Stream): void {
    if (this.stalled.octets === 0) return
    this.stalled.remove(stream)
    this.totalStalled.remove(stream)
  }

  awaitReset(stream: Stream): void {
    if (this.status !== "closed") this.resetPings.add(stream)
  }

  /** Sends a PING; `onAcknowledged` gets the round-trip time in ms. */
  ping(onAcknowledged: (roundTrip: number) => void): void {
    this.outbox.control(new Frame.Ping(false, this.pings.begin(this.now(), onAcknowledged)))
    this.updateHold()
  }

  /** Calls `listener` once no stream is open and no handler runs, at once if that is so. */
  onIdle(listener: () => void): void {
    this.whenIdle.add(listener)
    this.notifyIdle()
  }

  /** Notifies those that wait for the connection to be idle. */
  notifyIdle(): void {
    if (this.whenIdle.isEmpty || this.table.size > 0 || this.role.lingering > 0) return
    this.whenIdle.notify()
  }

  /** The peer's SETTINGS, as they stand from now on. */
  setRemoteSettings(settings: Settings.Settings): void {
    this.remoteSettings = settings
    this.hasRemoteSettings = true
    this.outbox.setMaxFrameSize(settings.maxFrameSize)
  }

  // ------------------------------------------------------------------ the end

  /** GOAWAY (§6.8): streams of the peer above `lastStreamId` will not be processed. */
  sendGoAway(lastStreamId: number, code: ErrorCode.ErrorCode, debugData: string): void {
    this.drain()
    this.outbox.control(new Frame.GoAway(lastStreamId, code, Text.toOctets(debugData)))
    this.role.onCapacity()
  }

  /** The last GOAWAY: streams that the peer opens from now on are not processed, and those that are answered need nothing more of it. */
  sendLastGoAway(): void {
    this.acceptedUpTo = this.lastAccepted
    this.sendGoAway(this.acceptedUpTo, ErrorCode.NO_ERROR, "")
    for (const stream of this.table.values()) stream.declineRest()
  }

  /** The peer's GOAWAY: it does not process streams of ours above `lastStreamId`. */
  peerGoesAway(lastStreamId: number, reason: Http2Error.ConnectionError): void {
    this.peerAcceptsUpTo = lastStreamId
    this.goneAway = reason
    this.drain()
  }

  /** No new streams from now on. */
  drain(): void {
    if (this.status === "open") {
      this.status = "draining"
      this.meter.draining++
    }
    this.whenDraining.notify()
  }

  /** The peer has ended its side: a clean end where nothing was open. It may still read, and then hears of what was processed (§6.8). */
  receivedEnd(): void {
    if (this.status === "closed") return
    const isClean = this.table.size === 0 && !this.blocks.isOpen && !this.isMidFrame
    this.outbox.control(new Frame.GoAway(this.lastAccepted, ErrorCode.NO_ERROR, emptyOctets))
    this.close(isClean ? undefined : (this.goneAway ?? Http2Error.connectionClosed()))
  }

  /** Calls `listener` once the connection has ended, at once if it has. */
  onEnd(listener: () => void): void {
    if (this.status === "closed") listener()
    else this.whenEnded.add(listener)
  }

  /** The last stream of the peer that was, or will be, processed. */
  get lastAccepted(): number {
    return Math.min(this.table.highestRemote, this.acceptedUpTo)
  }

  /** A connection error (§5.4.1): says why, and ends everything. */
  fail(error: Http2Error.ConnectionError): void {
    if (this.status === "closed") return
    if (error.code === ErrorCode.ENHANCE_YOUR_CALM) this.stats.guardTrips++
    if (error.limit !== undefined) this.meter.trip(error.limit)
    this.sendGoAway(this.lastAccepted, error.code, error.description)
    this.close(error)
  }

  /**
   * Closes gracefully (§6.8): no new streams; those that are open finish, up to `gracefulShutdownTimeout`, then they are reset, and the connection ends.
   * Nothing where that has begun.
   */
  closeGracefully(): void {
    this.closing.begin()
  }

  /** Sends GOAWAY, and ends the connection with all that is open on it. */
  closeNow(): void {
    if (this.status === "closed") return
    this.sendLastGoAway()
    this.close(undefined)
  }

  /** Ends the connection and its streams; what is written still goes out. `error` is for the open streams, undefined where there are none. */
  close(error: Http2Error.Http2Error | undefined): void {
    if (this.status === "closed") return
    if (this.status === "draining") this.meter.draining--
    this.status = "closed"
    this.error = error
    this.outbox.close()
    // A clean end makes no error: its stack alone costs more than the rest.
    if (this.table.size > 0) {
      const reason = error ?? Http2Error.connectionClosed()
      for (const stream of this.table.values()) stream.abort(reason)
    }
    this.newStreams.clear()
    this.pings.clear()
    this.stats.connections--
    this.meter.connections--
    this.role.onCapacity()
    this.notifyIdle()
    this.whenDraining.notify()
    this.whenEnded.notify()
    this.closing.ended()
    this.ports.holder.ended()
  }
}
