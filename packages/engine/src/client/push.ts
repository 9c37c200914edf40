/**
 * A promise of the server at a client (RFC 9113 §8.4), from PUSH_PROMISE to the response: the request that the server answers, the stream that will carry
 * the answer, and whether anybody wants it. Made by clientPushes.ts.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Http2Error from "../Http2Error.js"
import { ofRequest } from "../origin/asciiOrigin.js"
import type { ClientPushes } from "./clientPushes.js"
import { type ClientExchange, ClientStream } from "./clientStream.js"
import { Listeners } from "../listeners.js"
import type { FieldSection, RequestHead } from "../fields/messageHead.js"
import type { StreamOwner } from "../stream/stream.js"
import * as StreamState from "../stream/streamState.js"

const { Event, State } = StreamState

export class Push implements ClientExchange {
  readonly stream: PushedStream
  /** The origin of the promised request; undefined where its authority is none that HTTP has. */
  readonly origin: string | undefined
  /** Whether somebody has asked for the response. */
  isAccepted = false
  /** Why there is no response, or no more of it. */
  error: Http2Error.Http2Error | undefined = undefined
  /** Notified when the head of the response has come, and when it will not come. */
  readonly whenAnswered = new Listeners()

  constructor(
    private readonly pushes: ClientPushes,
    owner: StreamOwner,
    streamId: number,
    /** The stream of the request that it was promised with. */
    readonly associatedStreamId: number,
    readonly head: RequestHead,
    /** The clock, in ms. */
    readonly promisedAt: number
  ) {
    this.origin = ofRequest(head.scheme, head.authority)
    this.stream = new PushedStream(owner, streamId, this, pushes)
  }

  /** The response is claimed. */
  accept(): void {
    if (this.isAccepted) return
    this.isAccepted = true
    this.pushes.accepted(this)
  }

  /** Fails the push, unless it has failed already. */
  fail(error: Http2Error.Http2Error): void {
    this.error ??= error
  }

  /** Its user does not want the response, or the rest of it, any more: RST_STREAM(CANCEL), unless the stream is over. */
  cancel(): void {
    const description = "the pushed response was given up"
    if (this.isAccepted) this.stream.cancel(description)
    else this.pushes.drop(this, this.notWanted("User", description))
  }

  /** The response was not claimed in time, and is dropped. */
  expire(limit: "connectionWindowSize" | "stallTimeout" | undefined): void {
    if (!this.isAccepted)
      this.pushes.drop(this, this.notWanted("Local", "nobody has asked for the pushed response", limit))
  }

  private notWanted(origin: Http2Error.Origin, description: string, limit?: string): Http2Error.StreamError {
    const { id } = this.stream
    return new Http2Error.StreamError({
      streamId: id,
      code: ErrorCode.CANCEL,
      origin,
      reason: limit === undefined ? "Cancelled" : "Limit",
      description,
      limit,
      processed: "unknown"
    })
  }

  /** Of a pushed response only the final head is handed out. */
  onInformational(): void {}

  onHead(): void {
    this.whenAnswered.notify()
  }

  onDone(): void {}

  onFailure(error: Http2Error.Http2Error): void {
    this.fail(error)
    this.pushes.ended(this)
    this.whenAnswered.notify()
  }
}

/** The stream of a promise, from reserved (remote) on. */
class PushedStream extends ClientStream {
  constructor(
    owner: StreamOwner,
    id: number,
    private readonly push: Push,
    private readonly pushes: ClientPushes
  ) {
    super(owner, id, push.head.method === "HEAD", false, push)
  }

  /** The first section, of a 1xx too, takes the stream out of its reservation (§8.4.2). */
  override receiveSection(section: FieldSection, endStream: boolean): void {
    if (this.state === State.reservedRemote) {
      this.pushes.begins(this.push)
      this.transition(Event.receiveHeaders)
    }
    super.receiveSection(section, endStream)
    this.noteEnd()
  }

  override receiveData(data: Uint8Array, flowControlledLength: number, endStream: boolean): void {
    super.receiveData(data, flowControlledLength, endStream)
    this.pushes.received(this.push, data.length)
    this.noteEnd()
  }

  override abort(error: Http2Error.Http2Error): void {
    super.abort(error)
    this.noteEnd()
  }

  private noteEnd(): void {
    if (this.state === State.closed) this.pushes.ended(this.push)
  }

  /** An unclaimed response expires, whether or not the server has begun to send it. */
  override get stalledSince(): number {
    return this.push.isAccepted ? super.stalledSince : this.push.promisedAt
  }

  override get isHeldByWindow(): boolean {
    return this.push.isAccepted && super.isHeldByWindow
  }

  /** A connection that closes does not wait for it either. */
  override declineRest(): void {
    const { now, options } = this.owner
    const isStale = this.push.promisedAt + options.stallTimeout <= now()
    this.push.expire(isStale ? "stallTimeout" : undefined)
  }
}
