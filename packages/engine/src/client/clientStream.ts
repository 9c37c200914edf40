/**
 * A stream at a client: a request goes, a response comes (RFC 9113 §8.1). Made by the client's role for each request.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "../ErrorCode.js"
import { PriorityUpdate } from "../ExtensionFrame.js"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import * as Priority from "../Priority.js"
import { parseResponse, parseTrailers } from "../message/message.js"
import { malformed } from "../message/messageErrors.js"
import { type FieldSection, type ResponseHead, Violation } from "../fields/messageHead.js"
import { type Running, Stream, type StreamOwner } from "../stream/stream.js"
import * as StreamState from "../stream/streamState.js"

const { Event, State } = StreamState

/** Responses of 1xx before the final one, at most. */
const maxInformational = 32

/** What the stream carries the response of: a request, or a promise. */
export interface ClientExchange {
  /** The origin that was asked; undefined where the request has none. */
  readonly origin: string | undefined
  onInformational(head: ResponseHead): void
  onHead(stream: ClientStream, head: ResponseHead): void
  /** The stream ended early; before or after the head. */
  onFailure(error: Http2Error.Http2Error): void
  /** The response was read to its end, and the stream is over. */
  onDone(): void
}

export class ClientStream extends Stream {
  head: ResponseHead | undefined = undefined
  /** What interrupts the sending of the body, once that waits for something. */
  private running: Running | undefined = undefined
  private informational = 0

  constructor(
    owner: StreamOwner,
    id: number,
    private readonly isHeadRequest: boolean,
    private readonly isTunnel: boolean,
    private readonly exchange: ClientExchange
  ) {
    super(owner, id)
  }

  protected override get status(): number {
    return this.head === undefined ? 0 : this.head.status
  }

  get origin(): string | undefined {
    return this.exchange.origin
  }

  /** Whether the stream carries nothing but DATA any more (§8.5). */
  get isOpenTunnel(): boolean {
    return this.isTunnel && this.head !== undefined && this.head.status < 300
  }

  /** Sends the head of the request. */
  begin(
    pseudo: ReadonlyArray<HeaderField>,
    headers: Headers,
    more: ReadonlyArray<HeaderField>,
    endStream: boolean
  ): void {
    this.sendHead(pseudo, headers, more, endStream)
  }

  /** PRIORITY_UPDATE (RFC 9218 §7.1): all parameters, of which those that are left out have their defaults. False where the server would ignore it. */
  sendPriorityUpdate(parameters: Priority.Parameters): boolean {
    const isComing = this.state === State.reservedRemote || StreamState.isReceiving(this.state)
    if (!isComing || !this.owner.takesPriorityUpdates) return false
    this.owner.outbox.control(new PriorityUpdate(this.id, Priority.toField(Priority.make(parameters))))
    return true
  }

  override receiveSection(section: FieldSection, endStream: boolean): void {
    if (this.head !== undefined) return this.receiveEndSection(section, endStream)
    const head = parseResponse(section)
    if (head instanceof Violation) throw malformed(this.id, head)
    if (head.status < 200) return this.receiveInformational(head, endStream)
    this.head = head
    if (endStream) this.receiveWhole(head)
    else this.openBody(this.isBodyless(head) ? 0 : head.contentLength)
    this.exchange.onHead(this, head)
    if (endStream && this.state === State.closed) this.exchange.onDone()
  }

  override bodyConsumed(octets: number): void {
    super.bodyConsumed(octets)
    if (this.state === State.closed && this.body?.isDone === true) this.exchange.onDone()
  }

  /** A response that its head ends. */
  private receiveWhole(head: ResponseHead): void {
    if (head.contentLength > 0 && !this.isBodyless(head)) {
      throw this.malformed("8.1.1", `content-length is ${head.contentLength}, and there is no body`)
    }
    this.transition(Event.receiveHeadersEnd)
  }

  /** What content-length says is then not about this response (RFC 9110 §8.6). */
  private isBodyless(head: ResponseHead): boolean {
    return this.isHeadRequest || head.status === 204 || head.status === 304
  }

  private receiveInformational(head: ResponseHead, endStream: boolean): void {
    if (endStream) throw this.malformed("8.1", "an informational response ends the stream")
    this.informational++
    if (this.informational > maxInformational) {
      throw Http2Error.streamError(this.id, ErrorCode.ENHANCE_YOUR_CALM, "8.1", "informational responses without end")
    }
    this.exchange.onInformational(head)
  }

  private receiveEndSection(section: FieldSection, endStream: boolean): void {
    if (this.isOpenTunnel) throw this.malformed("8.5", "HEADERS on a tunnel")
    if (!endStream) throw this.malformed("8.1", "trailers without END_STREAM")
    const trailers = parseTrailers(section)
    if (trailers instanceof Violation) throw malformed(this.id, trailers)
    this.receiveTrailers(trailers)
  }

  private malformed(section: string, reason: string): Http2Error.StreamError {
    return Http2Error.streamError(this.id, ErrorCode.PROTOCOL_ERROR, section, reason)
  }

  /**
   * RST_STREAM(NO_ERROR) in place of END_STREAM, behind all that content-length says, is an end: `node:http2` sends it where the last octet of
   * a body has used up a window. A response that does not say how long it is could be cut off there, and fails.
   */
  override abort(error: Http2Error.Http2Error): void {
    const { body } = this
    const isEnd = error.code === ErrorCode.NO_ERROR && error.scope === "stream" && this.isAsLongAsSaid
    if (isEnd && body !== undefined && StreamState.isReceiving(this.state)) {
      this.receivedEnd(body, Event.receiveDataEnd)
    }
    super.abort(error)
  }

  /** What sends the body waits for something. Where the stream is over before, it is interrupted at once. */
  bodyWaits(running: Running): void {
    this.running = running
    if (this.error !== undefined) running.interrupt()
  }

  /** What sends the body has failed, or was interrupted: RST_STREAM, never a clean end; the request fails with what the body failed with. */
  bodyFailed(isInterrupted: boolean, cause: unknown): void {
    this.reset(
      new Http2Error.StreamError({
        streamId: this.id,
        code: isInterrupted ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR,
        origin: "User",
        reason: isInterrupted ? "Cancelled" : "UserCode",
        description: "the body of the request failed",
        processed: "unknown",
        cause
      })
    )
  }

  protected override failed(error: Http2Error.Http2Error): void {
    this.running?.interrupt()
    this.exchange.onFailure(error)
  }

  /** Cancels the stream: RST_STREAM(CANCEL); unread octets return to the windows. */
  cancel(description: string): void {
    this.discardBody()
    if (this.state === State.closed || this.state === State.resetSent) return
    this.reset(
      new Http2Error.StreamError({
        streamId: this.id,
        code: ErrorCode.CANCEL,
        origin: "User",
        reason: "Cancelled",
        description,
        processed: "unknown",
        receivedOctets: this.receivedOctets
      })
    )
  }
}
