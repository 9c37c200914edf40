/**
 * A stream at a server: a request comes, a response goes (RFC 9113 §8.1), and a handler between them. Made by the server's role for each request, driven by
 * the `Handler`.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "../ErrorCode.js"
import { empty, type CheckedHeaders, type Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { Interned } from "../interned.js"
import { altSvcOn } from "../origin/announcements.js"
import type { PromisedRequest } from "../PromisedRequest.js"
import * as Priority from "../Priority.js"
import { dateField } from "../message/dateField.js"
import { parseTrailers } from "../message/message.js"
import { malformed } from "../message/messageErrors.js"
import { type FieldSection, type RequestHead, Violation } from "../fields/messageHead.js"
import { emptyOctets } from "../octets.js"
import { check } from "../message/outgoing.js"
import { checkSection, sizeViolation } from "../message/sectionSize.js"
import type { Sender } from "../send/sender.js"
import type { ServerPush } from "./serverPush.js"
import type { ServerRole } from "./serverRole.js"
import { type Running, Stream, type StreamOwner } from "../stream/stream.js"
import * as StreamState from "../stream/streamState.js"

const noFields: ReadonlyArray<HeaderField> = []

/** The pseudo-header field of a response, alone in its list: of 100 to 599. */
const statusFields = /*#__PURE__*/ new Interned(
  (status: number): ReadonlyArray<HeaderField> => [new HeaderField(":status", String(status))],
  500
)

/**
 * A response to be sent. A body of octets is sent with its head; any other, and trailers, by who responds, behind it.
 */
export interface Response {
  /** 200 to 599. */
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly trailers: unknown
}

/**
 * How far the handler is: it does not run yet, it runs, it runs on though its stream is over, or it is done.
 */
type HandlerState = "waiting" | "running" | "lingering" | "done"

/** What was sent of the final response: nothing, its head, or that of a tunnel, which octets follow in both directions until each side ends its own. */
type ResponseState = "none" | "head" | "tunnel"

export class ServerStream extends Stream {
  private handler: HandlerState = "waiting"
  private response: ResponseState = "none"
  protected override status = 0
  /** What interrupts the handler, once that waits for something. */
  private running: Running | undefined = undefined
  /** A value that the skin keeps with the stream; the engine does not read it. */
  attachment: unknown = undefined
  private sentContinue = false
  /** What the last PRIORITY_UPDATE has said, and what the handler has (RFC 9218 §7, §8). */
  private updatedPriority: Priority.Priority | undefined = undefined
  private chosenPriority: Priority.Parameters | undefined = undefined
  /** What the field of the request says, once somebody has asked: it is read once. */
  private fieldPriority: Priority.Priority | undefined = undefined
  private hasReadPriority = false
  /** The clock, in ms, when the response was complete and the request was not. */
  private answeredAt = Number.POSITIVE_INFINITY

  constructor(
    owner: StreamOwner,
    id: number,
    readonly head: RequestHead,
    protected readonly server: ServerRole
  ) {
    super(owner, id)
  }

  /** Takes the request that HEADERS opened the stream with; the state says whether a body follows. */
  begin(): void {
    const { contentLength } = this.head
    if (StreamState.isReceiving(this.state)) this.openBody(contentLength)
    else if (contentLength > 0) {
      const reason = `content-length is ${contentLength}, and there is no body`
      throw Http2Error.streamError(this.id, ErrorCode.PROTOCOL_ERROR, "8.1.1", reason)
    }
  }

  /** Called behind the frames of the turn that opened it. */
  start(): void {
    if (this.error === undefined) this.server.handler.handle(this)
  }

  // ------------------------------------------------------------------ the handler

  /** Whether the head of the final response has been sent. */
  get hasResponded(): boolean {
    return this.response !== "none"
  }

  /** Whether the response has made a tunnel of the stream. */
  get isTunnel(): boolean {
    return this.response === "tunnel"
  }

  /** Whether the handler runs, its first step included. */
  private get isHandled(): boolean {
    return this.handler === "running" || this.handler === "lingering"
  }

  /** What promises on this stream; undefined where that is itself a promised one. */
  get push(): ServerPush | undefined {
    return this.server.push
  }

  /** The handler runs. */
  handlerStarted(): void {
    this.handler = "running"
    this.owner.stats.activeHandlers++
  }

  /** The handler waits for something. Where it has ended the stream before, it is interrupted at once. */
  handlerWaits(running: Running): void {
    this.running = running
    if (this.error !== undefined) this.failed()
  }

  /**
   * The handler is done, also where it never had to run. What the client still sends is of no use when our side is ended too (§8.1): most requests end by
   * themselves now; the others are told to when they ask for more credit, stand still, or hold up a connection that closes.
   */
  handlerEnded(): void {
    const before = this.handler
    this.handler = "done"
    this.running = undefined
    if (before !== "waiting") this.owner.stats.activeHandlers--
    if (before !== "lingering") return this.finish()
    this.discardBody()
    this.server.lingered()
  }

  /** The stream is over before its handler is: the handler is interrupted, its finalizers run, and it counts until they are done. */
  protected override failed(): void {
    const { running } = this
    if (running === undefined || this.handler !== "running") return this.discardBody()
    this.handler = "lingering"
    this.server.lingers()
    this.owner.stats.handlersInterrupted++
    this.owner.meter.handlersInterrupted++
    running.interrupt()
  }

  override receiveSection(section: FieldSection, endStream: boolean): void {
    if (this.head.method === "CONNECT") {
      throw Http2Error.streamError(this.id, ErrorCode.PROTOCOL_ERROR, "8.5", "HEADERS on a tunnel")
    }
    if (!endStream) {
      throw Http2Error.streamError(this.id, ErrorCode.PROTOCOL_ERROR, "8.1", "trailers without END_STREAM")
    }
    const trailers = parseTrailers(section)
    if (trailers instanceof Violation) throw malformed(this.id, trailers)
    this.receiveTrailers(trailers)
  }

  /** A client that waits for 100 (Continue) gets it when the handler first wants the body (RFC 9110 §10.1.1). */
  override bodyWanted(): void {
    if (!this.head.expectsContinue || this.sentContinue || this.hasResponded || !this.isSending) return
    this.sentContinue = true
    // A client that does not even accept this will hear of it with the response.
    if (sizeViolation(this.owner.peerMaxHeaderListSize, this.id, statusFields.get(100), empty) !== undefined) return
    this.informational(100, empty)
  }

  /** What the client has said of the priority, by PRIORITY_UPDATE or else by the field of its request; undefined where it has not. */
  private get signalledPriority(): Priority.Priority | undefined {
    if (this.updatedPriority !== undefined) return this.updatedPriority
    if (!this.hasReadPriority) {
      this.hasReadPriority = true
      this.fieldPriority = Priority.fromHeaders(this.head.headers)
    }
    return this.fieldPriority
  }

  /** What holds now (RFC 9218 §8). */
  get priority(): Priority.Priority {
    return Priority.make(this.chosenPriority ?? {}, this.signalledPriority)
  }

  override receivePriority(priority: Priority.Priority): void {
    this.updatedPriority = priority
    this.rerank()
  }

  /** What `parameters` has holds from now on, whatever the client says of it. */
  setPriority(parameters: Priority.Parameters): void {
    const { chosenPriority } = this
    const incremental = parameters.incremental ?? chosenPriority?.incremental
    const urgency = Priority.isUrgency(parameters.urgency) ? parameters.urgency : chosenPriority?.urgency
    this.chosenPriority = { urgency, incremental }
    this.rerank()
  }

  private rerank(): void {
    const { sender } = this
    if (sender !== undefined) this.owner.outbox.rerank(sender, () => this.rank(sender))
  }

  /** Where the priority is first asked for: what can leave at once never does. */
  protected override rank(sender: Sender): void {
    const { chosenPriority, signalledPriority } = this
    // The fields of a promised request are our own: no signal of the client's.
    const isSignal = signalledPriority !== undefined && (this.id & 1) === 1
    if (isSignal) this.owner.outbox.prioritize()
    const urgency = chosenPriority?.urgency ?? signalledPriority?.urgency ?? Priority.defaults.urgency
    sender.rank(urgency, chosenPriority?.incremental ?? signalledPriority?.incremental, this.isTunnel)
  }

  /** Sends a response of 1xx (§8.1). Throws a usage error once the final one was sent. */
  informational(status: number, headers: Headers): void {
    if (status < 100 || status > 199 || status === 101) {
      throw Http2Error.usageError(this.id, "8.1", `${status} is not an informational status that HTTP/2 has`)
    }
    if (this.hasResponded) throw Http2Error.usageError(this.id, "8.1", "the response was sent already")
    this.checkHead(status, headers, noFields)
    this.sendHead(statusFields.get(status), headers, noFields, false)
  }

  /** ALTSVC about the origin of the request (RFC 7838 §4), while our side is open. Throws a `ConnectionError` of origin `User` for what is no value. */
  announceAltSvc(value: string): void {
    const frame = altSvcOn(this.id, "", value)
    if (this.isSending) this.owner.outbox.control(frame)
  }

  /** Whether something can be promised along with the response now. */
  get canPromise(): boolean {
    return this.push !== undefined && this.push.obstacle(this) === undefined
  }

  /** Promises a response along with this one (§8.4). Throws what the stream ended with, or a usage error for what cannot be promised. */
  promise(promised: PromisedRequest): void {
    const { error, id, push } = this
    if (error !== undefined) throw error
    if (push === undefined) throw Http2Error.usageError(id, "6.6", "a pushed stream carries no promises")
    push.push(this, promised)
  }

  /** Sends the head of a tunnel. Throws a usage error where the request is no CONNECT, or is answered. */
  respondTunnel(status: number, headers: Headers): void {
    if (this.head.method !== "CONNECT" || this.hasResponded || status < 200 || status > 299) {
      throw Http2Error.usageError(this.id, "8.5", "a tunnel is the answer of 2xx to a CONNECT request")
    }
    this.checkHead(status, headers, noFields)
    this.response = "tunnel"
    this.status = status
    this.sendHead(statusFields.get(status), headers, noFields, false)
  }

  /**
   * Sends the head, and the body where it is not a Stream. True where that was all: our side is ended, or will be when what waits has left. Throws
   * a usage error for a response that cannot be sent, and then nothing of it was.
   */
  respond(response: Response): boolean {
    const { body, headers, status } = response
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw Http2Error.usageError(this.id, "8.3.2", `${status} is not the status of a final response`)
    }
    const facts = check(headers)
    this.checkResponse(response, facts)
    const isBodyless = this.head.method === "HEAD" || status === 204 || status === 304
    const octets = body instanceof Uint8Array ? body : emptyOctets
    const hasStream = body !== undefined && !(body instanceof Uint8Array)
    const endsWithHead = isBodyless || (octets.length === 0 && !hasStream && response.trailers === undefined)
    const date = this.server.sendDate && !facts.hasDate ? dateField(this.owner.now()) : noFields
    this.checkHead(status, headers, date)
    this.response = "head"
    this.status = status
    this.sendHead(statusFields.get(status), headers, date, endsWithHead)
    if (endsWithHead) return true
    if (octets.length > 0) this.sendData(octets, response.trailers === undefined)
    return !hasStream && response.trailers === undefined
  }

  private checkResponse({ body, status, trailers }: Response, { contentLength }: CheckedHeaders): void {
    if (body instanceof Uint8Array && contentLength >= 0 && contentLength !== body.length) {
      const reason = `content-length is ${contentLength}, the body has ${body.length} octets`
      throw Http2Error.usageError(this.id, "8.1.1", reason)
    }
    if (trailers !== undefined && this.head.method === "CONNECT" && status < 300) {
      throw Http2Error.usageError(this.id, "8.5", "a tunnel has no trailers")
    }
  }

  private checkHead(status: number, headers: Headers, more: ReadonlyArray<HeaderField>): void {
    checkSection(this.owner.peerMaxHeaderListSize, this.id, statusFields.get(status), headers, more)
  }

  /** Whether all is done here, and only the end of the request is still to come. */
  private get isAnswered(): boolean {
    return this.hasResponded && !this.isHandled && !this.isSending && StreamState.isReceiving(this.state)
  }

  private finish(): void {
    this.discardBody()
    if (!this.isAnswered) return
    this.answeredAt = this.owner.now()
    if (this.owner.isDraining) this.declineRest()
  }

  /** FLOW CONTROL: WINDOW_UPDATE: send: RST_STREAM(NO_ERROR) in its place, where the client has its answer. */
  protected override giveCredit(increment: number): void {
    if (this.isAnswered) this.declineRest()
    else super.giveCredit(increment)
  }

  override declineRest(): void {
    if (!this.isAnswered) return
    this.reset(
      new Http2Error.StreamError({
        streamId: this.id,
        code: ErrorCode.NO_ERROR,
        origin: "Local",
        reason: "Cancelled",
        description: "the response is complete, the rest of the request is not needed",
        section: "8.1",
        processed: "unknown"
      })
    )
  }

  /** A request that nobody has answered is to go on, whether its length is known or not; one that waits for 100 (Continue) is not. */
  override get owesBody(): boolean {
    if (this.isTunnel || this.isAnswered || !StreamState.isReceiving(this.state)) return false
    if (this.hasResponded) return super.owesBody
    return !this.head.expectsContinue || this.sentContinue
  }

  override get stalledSince(): number {
    return this.isAnswered ? this.answeredAt : super.stalledSince
  }

  override get isHeldByWindow(): boolean {
    return !this.isAnswered && super.isHeldByWindow
  }

  override sentEnd(): void {
    super.sentEnd()
    if (!this.isHandled && this.hasResponded) this.finish()
  }
}
