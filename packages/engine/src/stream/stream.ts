/**
 * One stream inside the engine, in either role: its state, its windows, what arrives on it and what leaves on it. What differs between the
 * roles is in serverStream.ts and clientStream.ts. Called by the dispatcher's handlers, the connection and the skin.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import { adjust, type MakeWindow, PlainWindow, type Window } from "../flow/window.js"
import { empty, type Headers } from "../Headers.js"
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import type { Priority } from "../Priority.js"
import type { Inbox, InboxOwner, MakeInbox } from "./inbox.js"
import { beyondWindow, dataBeforeHead, lengthError } from "../message/messageErrors.js"
import type { Http2Stats } from "../Http2Stats.js"
import type { Meter } from "../Meter.js"
import type { Options } from "../Options.js"
import type { Peer } from "../Peer.js"
import type { Listeners } from "../listeners.js"
import type { LocalSettings } from "../settings/localSettings.js"
import type { Outbox } from "../send/outbox.js"
import type { FieldSection } from "../fields/messageHead.js"
import { ReceiveWindow } from "../flow/receiveWindow.js"
import { sizeViolation } from "../message/sectionSize.js"
import { Sender, type SenderOwner } from "../send/sender.js"
import * as StreamState from "./streamState.js"

const { Event, State } = StreamState

/** Octets that a stream costs beside its body: its request, its response, its handler. */
const streamCost = 16_384

/** Stands for the window of a stream until that is made. */
const notMade = new PlainWindow(0)

/** The connection, as its streams see it. */
export interface StreamOwner {
  readonly outbox: Outbox
  readonly options: Options
  readonly stats: Http2Stats
  readonly meter: Meter
  readonly peer: Peer
  readonly isDraining: boolean
  /** Notified when the connection begins to drain. */
  readonly whenDraining: Listeners
  /** What we announced, and what the peer may go by. */
  readonly settings: LocalSettings
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly peerInitialWindowSize: number
  readonly peerMaxHeaderListSize: number
  /** Whether PRIORITY_UPDATE may be of use to the peer, a server: once it has spoken, only where it has said that it does without RFC 7540's (RFC 9218 §2.1.1). */
  readonly takesPriorityUpdates: boolean
  readonly now: () => number
  /** The windows and inboxes that the skin makes. */
  readonly makeWindow: MakeWindow
  readonly makeInbox: MakeInbox
  /** Octets of DATA were consumed: they go back to the connection's window. */
  consumed(octets: number): void
  /** Credit for the window of a stream is due: makes it larger where the path asks for it, and returns by how much. */
  growWindow(window: ReceiveWindow): number
  /** Runs `task` once the event loop's turn is over: what was woken by then has gone on. */
  defer(task: () => void): void
  /** A body has something for a consumer that waits: it is handed over soon. */
  deliverLater(inbox: Inbox): void
  /** The stream is closed. `byPeer`: the peer reset it. */
  closed(stream: Stream, byPeer: boolean): void
  /** RST_STREAM was sent and the peer may not know yet: call `stream.resetAcknowledged` when it does. */
  awaitReset(stream: Stream): void
  /** The peer left us nothing but a reset: it counts against its budget. */
  forcedReset(): void
}

/** What runs for a stream outside of the engine: a handler, or the sender of a body. */
export interface Running {
  /** The stream is over. */
  interrupt(): void
}

export abstract class Stream implements SenderOwner, InboxOwner {
  state: StreamState.State = State.idle
  /** Why the stream ended early, once it did. */
  error: Http2Error.Http2Error | undefined = undefined
  body: Inbox | undefined = undefined
  receiveWindow: ReceiveWindow | undefined = undefined
  trailers: Headers = empty
  /** Octets that the body will have as content-length says, -1 where that is not known. */
  expectedOctets = -1
  /** Octets of the body that have come. */
  receivedOctets = 0
  sender: Sender | undefined = undefined
  /** Octets that our body will have as our content-length says, -1 where it does not say. */
  announcedOctets = -1
  private window: Window | undefined = undefined
  /** Octets that were taken from the window before it was made. */
  private taken = 0
  /** As what the request is measured, -1 where it is not, and since when, in ms of the clock. */
  private measuredAs = -1
  private measuredSince = 0

  constructor(
    readonly owner: StreamOwner,
    readonly id: number
  ) {}

  /** A decoded field section for this stream: head, informational head, or trailers. */
  abstract receiveSection(section: FieldSection, endStream: boolean): void
  /** The status of the final response that was sent or received, 0 before. */
  protected abstract get status(): number
  /** The stream ended early: whoever waits on it has to know. `error` is set. */
  protected abstract failed(error: Http2Error.Http2Error): void
  /** Somebody wants the body. */
  bodyWanted(): void {}
  /** The peer has said how urgent what we send is (RFC 9218 §7.1): of use to a server alone. */
  receivePriority(_priority: Priority): void {}
  /** Says how urgent what `sender` sends is; nothing where nobody has said so. */
  protected rank(_sender: Sender): void {}

  /** Goes to the state that `event` leads to. Throws a typed error where it may not happen. */
  transition(event: StreamState.Event): boolean {
    const outcome = StreamState.next(this.state, event)
    if (StreamState.isState(outcome)) {
      this.state = outcome
      if (outcome === State.closed) {
        this.measured(-1)
        this.owner.closed(this, event === Event.receiveReset)
      }
      return true
    }
    if (outcome === StreamState.Outcome.ignore) return false
    throw stateError(this.id, outcome)
  }

  /** The request is measured from now on, up to the end of the stream. */
  measure(method: string, scheme: string): void {
    const { meter, now } = this.owner
    if (!meter.isOn) return
    this.measuredAs = meter.begin(method, scheme)
    this.measuredSince = now()
  }

  private measured(errorCode: number): void {
    if (this.measuredAs < 0) return
    this.owner.meter.end(this.measuredAs, this.status, errorCode, this.owner.now() - this.measuredSince)
    this.measuredAs = -1
  }

  get isSending(): boolean {
    return StreamState.isSending(this.state)
  }

  /** The window for what we send, made when it is first asked for. */
  get sendWindow(): Window {
    return (this.window ??= this.owner.makeWindow(this.owner.peerInitialWindowSize - this.taken))
  }

  /** The setting has changed by `delta`; a window that is not made yet starts at its new value. False beyond 2^31-1. */
  adjustSendWindow(delta: number): boolean {
    return this.window === undefined || this.growSendWindow(delta)
  }

  /** False beyond 2^31-1. */
  growSendWindow(increment: number): boolean {
    if (!adjust(this.sendWindow, increment)) return false
    if (this.sender !== undefined) this.owner.outbox.ready(this.sender)
    return true
  }

  // ------------------------------------------------------------------ receiving

  /** A body will follow. */
  protected openBody(expectedOctets: number): void {
    this.expectedOctets = expectedOctets
    this.body = this.owner.makeInbox(this)
  }

  /**
   * Gives consumed octets back to both windows.
   *
   * FLOW CONTROL: WINDOW_UPDATE: send: for the stream only while the peer may still use it.
   */
  bodyConsumed(octets: number): void {
    this.owner.consumed(octets)
    if (this.receiveWindow === undefined || !StreamState.isReceiving(this.state)) return
    const increment = this.receiveWindow.consume(octets)
    if (increment > 0) this.giveCredit(increment + this.owner.growWindow(this.receiveWindow))
  }

  deliverLater(inbox: Inbox): void {
    this.owner.deliverLater(inbox)
  }

  /** Lets the peer send more. */
  protected giveCredit(increment: number): void {
    this.owner.outbox.windowUpdate(this.id, increment)
  }

  /** DATA, as far as it is there. The connection's window has counted it already. */
  receiveData(data: Uint8Array, flowControlledLength: number, endStream: boolean): void {
    const { body } = this
    if (body === undefined) {
      this.owner.consumed(flowControlledLength)
      throw dataBeforeHead(this.id)
    }
    if (!this.fitsWindow(flowControlledLength, endStream)) {
      this.owner.consumed(flowControlledLength)
      throw beyondWindow(this.id)
    }
    this.receivedOctets += data.length
    const isLong = this.expectedOctets >= 0 && this.receivedOctets > this.expectedOctets
    const isEnd = endStream && !isLong && !this.isShort
    // Comes before the octets count as read: a side that has ended gets neither credit nor a reset.
    if (isEnd) this.transition(Event.receiveDataEnd)
    const padding = flowControlledLength - data.length
    // FLOW CONTROL: padding counts, and nobody reads it.
    if (padding > 0) this.bodyConsumed(padding)
    if (isLong) {
      this.bodyConsumed(data.length)
      throw lengthError(this.id, this.expectedOctets, this.receivedOctets)
    }
    if (data.length > 0) body.push(data)
    if (isEnd) body.end()
    else if (endStream) throw lengthError(this.id, this.expectedOctets, this.receivedOctets)
  }

  /** Whether the body has all that content-length says. */
  protected get isAsLongAsSaid(): boolean {
    return this.expectedOctets >= 0 && this.receivedOctets === this.expectedOctets
  }

  /** Counts octets against the stream's window, made when it is first needed: a body that one frame holds needs none. */
  private fitsWindow(octets: number, isWhole: boolean): boolean {
    const { settings } = this.owner
    const { initialWindowSize } = settings.announced
    if (this.receiveWindow === undefined && isWhole && octets <= initialWindowSize) return true
    this.receiveWindow ??= new ReceiveWindow(this.owner.makeWindow(initialWindowSize), false)
    return this.receiveWindow.receive(octets, settings.windowSlack)
  }

  /** Our setting has changed by `delta`; a window that is not made yet starts at its new value (§6.9.2). */
  adjustReceiveWindow(delta: number): void {
    const increment = this.receiveWindow?.resize(delta) ?? 0
    if (increment > 0 && StreamState.isReceiving(this.state)) this.giveCredit(increment)
  }

  private get isShort(): boolean {
    return this.expectedOctets >= 0 && this.receivedOctets < this.expectedOctets
  }

  /** Trailers end the body. */
  protected receiveTrailers(trailers: Headers): void {
    const { body } = this
    if (this.isShort) throw lengthError(this.id, this.expectedOctets, this.receivedOctets)
    this.trailers = trailers
    if (body !== undefined) this.receivedEnd(body, Event.receiveHeadersEnd)
  }

  protected receivedEnd(body: Inbox, event: StreamState.Event): void {
    this.transition(event)
    body.end()
  }

  // ------------------------------------------------------------------ sending

  /** HEADERS: a head. */
  protected sendHead(
    pseudo: ReadonlyArray<HeaderField>,
    headers: Headers,
    more: ReadonlyArray<HeaderField>,
    endStream: boolean
  ): void {
    this.announcedOctets = headers.checked === undefined ? -1 : headers.checked.contentLength
    this.owner.outbox.headers(this.id, pseudo, headers.fields, more, endStream)
    this.transition(endStream ? Event.sendHeadersEnd : Event.sendHeaders)
  }

  /** The sender, for a body that cannot leave at once. */
  private get waiting(): Sender {
    if (this.sender !== undefined) return this.sender
    const { now, options } = this.owner
    const sender = new Sender(this, this.sendWindow, options.maxSendBufferPerStream / 2, now())
    this.rank(sender)
    this.sender = sender
    return sender
  }

  /** Part of the body, or all of it. It is kept until it has left. */
  sendData(data: Uint8Array, endStream: boolean): void {
    const { outbox } = this.owner
    if (data.length === 0) return endStream ? this.sendEnd(undefined) : undefined
    this.transition(Event.sendData)
    const isFirst = this.sender === undefined || this.sender.queued === 0
    if (isFirst && this.sendWhole(data, endStream)) {
      if (endStream) this.sentEnd()
      return
    }
    const sender = this.waiting
    sender.push(outbox.view(data), this.owner.now())
    if (endStream) sender.finish(undefined)
    outbox.ready(sender)
  }

  /** `data` in one frame at once, where that can be. A window that nobody has asked for is not made for a body that leaves whole, as most do. */
  private sendWhole(data: Uint8Array, endStream: boolean): boolean {
    const { outbox, peerInitialWindowSize } = this.owner
    if (this.window !== undefined || !endStream) return outbox.smallBody(this.id, this.sendWindow, data, endStream)
    notMade.octets = peerInitialWindowSize
    const isSent = outbox.smallBody(this.id, notMade, data, endStream)
    this.taken = peerInitialWindowSize - notMade.octets
    return isSent
  }

  /** Ends our side once what waits has left. */
  sendEnd(trailers: Headers | undefined): void {
    const { sender } = this
    if (sender !== undefined && sender.queued > 0) sender.finish(trailers)
    else this.sendLast(trailers)
  }

  /** All of the body has left: `trailers`, or an empty frame, end our side. The peer may accept less by now than when they were given. */
  sendLast(trailers: Headers | undefined): void {
    const { outbox, peerMaxHeaderListSize } = this.owner
    if (trailers === undefined) outbox.endStream(this.id)
    else {
      const violation = sizeViolation(peerMaxHeaderListSize, this.id, [], trailers)
      if (violation !== undefined) return this.reset(violation)
      outbox.headers(this.id, [], trailers.fields, [], true)
    }
    this.sentEnd()
  }

  sentEnd(): void {
    this.transition(Event.sendDataEnd)
  }

  // ------------------------------------------------------------------ the early end

  /** Resets the stream with `error`'s code, unless it is over. */
  reset(error: Http2Error.Http2Error): void {
    const before = this.state
    if (before === State.closed || before === State.resetSent || before === State.idle) return
    this.owner.stats.resetsSent++
    if (Http2Error.isStreamError(error) && error.limit !== undefined) this.owner.meter.trip(error.limit)
    this.owner.outbox.rstStream(this.id, error.code)
    this.over(error)
    this.transition(Event.sendReset)
    if (this.state !== State.closed) this.owner.awaitReset(this)
  }

  /** The peer has reset the stream, or the connection is lost. */
  abort(error: Http2Error.Http2Error): void {
    if (this.state === State.closed) return
    const isNews = this.state !== State.resetSent
    if (isNews) this.over(error)
    this.transition(Event.receiveReset)
  }

  private over(error: Http2Error.Http2Error): void {
    this.error = error
    // NO_ERROR: the response is complete, and what was left of the request is not needed.
    this.measured(error.code === ErrorCode.NO_ERROR && this.status > 0 ? -1 : error.code)
    if (this.sender !== undefined) this.owner.outbox.drop(this.sender)
    this.body?.fail(error)
    this.failed(error)
  }

  /** Stops a peer that still sends a body which nobody waits for. */
  declineRest(): void {}

  /** Since when, in ms, the peer has stalled the stream; infinity where it does not. */
  get stalledSince(): number {
    const { sender } = this
    if (sender === undefined || sender.queued === 0) return Number.POSITIVE_INFINITY
    const { outbox } = this.owner
    // A stream that could send while others go first is not stalled by the peer.
    return sender.isReady || outbox.isCongested ? Math.max(sender.movedAt, outbox.movedAt) : sender.movedAt
  }

  /** Whether only the peer's windows hold the stream: the peer reads its socket, and its user does not read the body. */
  get isHeldByWindow(): boolean {
    return this.sender !== undefined && !this.owner.outbox.isCongested
  }

  /** Octets of memory that the stream holds for the peer. */
  get heldOctets(): number {
    return streamCost + (this.sender?.queued ?? 0)
  }

  /** Whether the peer is to send the rest of a body: it has said how long that is, and nothing of ours comes first. */
  get owesBody(): boolean {
    return this.body !== undefined && this.expectedOctets >= 0 && StreamState.isReceiving(this.state)
  }

  /** Resets a stream whose peer moves a body too slowly; `limit` names the option. */
  giveUpSlow(limit: "bodyTimeout" | "minBodyRate", reason: string): void {
    this.owner.stats.slowBodies++
    this.reset(Http2Error.streamError(this.id, ErrorCode.CANCEL, "10.5", reason, { limit }))
  }

  /** Resets a stream that has stalled too long or holds too much; `limit` names the option. */
  giveUp(limit: string): void {
    this.declineRest()
    this.reset(
      Http2Error.streamError(this.id, ErrorCode.CANCEL, "10.5", "the peer takes nothing of the body", { limit })
    )
  }

  resetAcknowledged(): void {
    if (this.state === State.resetSent) this.transition(Event.resetAcknowledged)
  }

  /** Nobody will read the body: what waits goes back to the windows. */
  discardBody(): void {
    this.body?.discard(this.id)
  }
}

/** What the state table refuses, as the error that it is (§5.1): an outcome that is neither a state nor `ignore`. */
const stateError = (streamId: number, outcome: number): Http2Error.Http2Error => {
  switch (outcome) {
    case StreamState.Outcome.misuse:
      return Http2Error.usageError(streamId, "5.1", "the stream is over")
    case StreamState.Outcome.streamClosed: {
      const reason = "a frame on a stream that its sender has ended"
      return Http2Error.streamError(streamId, ErrorCode.STREAM_CLOSED, "5.1", reason)
    }
    default: {
      const code = outcome === StreamState.Outcome.protocolError ? ErrorCode.PROTOCOL_ERROR : ErrorCode.STREAM_CLOSED
      const reason = `a frame that stream ${streamId} does not allow in its state`
      return Http2Error.connectionError(code, "5.1", reason)
    }
  }
}
