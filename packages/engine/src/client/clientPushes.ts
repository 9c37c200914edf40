/**
 * Server push at a client (RFC 9113 §8.4): accepts promises, keeps them until they are claimed, and bounds what they hold meanwhile. One for
 * each connection. Called by the client's role for PUSH_PROMISE, by the promised streams, and by the skin.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import { empty } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { ClientStream } from "./clientStream.js"
import type { Connection } from "../connection/connection.js"
import { Listeners } from "../listeners.js"
import { malformed } from "../message/messageErrors.js"
import { type FieldSection, RequestHead, Violation } from "../fields/messageHead.js"
import type { Origins } from "../origin/origins.js"
import type { ClientRole } from "./clientRole.js"
import { Push } from "./push.js"
import { parsePromise } from "../message/pushPromise.js"
import * as StreamState from "../stream/streamState.js"

const { Event, State } = StreamState

/** The head of a promise that is malformed. */
const noHead = new RequestHead("GET", "", "", "", undefined, empty, -1, false)

const connectionError = (section: string, description: string): Http2Error.ConnectionError =>
  Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, section, description)

const streamError = (
  streamId: number,
  code: ErrorCode.ErrorCode,
  section: string,
  description: string,
  limit?: "maxConcurrentStreams" | "maxReservedStreams"
): Http2Error.StreamError =>
  new Http2Error.StreamError({
    streamId,
    code,
    origin: "Local",
    section,
    reason: limit === undefined ? "Protocol" : "Limit",
    description,
    limit,
    processed: "no"
  })

export class ClientPushes {
  /** Promises whose streams are not over. */
  private readonly live = new Set<Push>()
  /** Promises whose responses are not claimed, the oldest first, with the octets of their bodies; `unseen` are those that `take` has not given out. */
  private readonly unclaimed = new Map<Push, number>()
  private readonly unseen = new Set<Push>()
  /** Octets that lie in the bodies of the unclaimed ones. */
  private unclaimedOctets = 0
  private isShedding = false
  /** Notified of each new promise, and of the end of the connection. */
  readonly whenPromised = new Listeners()

  constructor(
    private readonly origins: Origins | undefined,
    private readonly client: ClientRole
  ) {}

  /** Why no more promises come, where that is an error: `connection` has ended by one, or takes no pushes. */
  failure(connection: Connection): Http2Error.Http2Error | undefined {
    if (connection.isClosed || connection.settings.announced.enablePush) return connection.error
    return Http2Error.usageError(0, "6.5.2", "the client does not take pushes: its option enablePush is false")
  }

  /** The oldest promise that was not given out yet. */
  take(): Push | undefined {
    for (const push of this.unseen) {
      this.unseen.delete(push)
      return push
    }
    return undefined
  }

  // ------------------------------------------------------------------ promises that arrive

  /** PUSH_PROMISE that is complete (§6.6, §8.4.1). The stream is reserved whatever is wrong with the request, so that it can be reset. */
  receive(connection: Connection, frame: Frame.PushPromise, section: FieldSection): void {
    const { promisedStreamId, streamId } = frame
    const associated = associatedStream(connection, streamId)
    if (connection.table.isLocal(promisedStreamId) || !connection.table.isIdle(promisedStreamId)) {
      throw connectionError("5.1.1", `stream ${promisedStreamId} cannot be promised`)
    }
    // §6.8: we have said that we would not process it.
    if (promisedStreamId > connection.acceptedUpTo) return
    const head = parsePromise(section)
    const usable = head instanceof Violation ? noHead : head
    const push = new Push(this, connection, promisedStreamId, streamId, usable, connection.now())
    connection.opened(push.stream)
    connection.stats.pushes++
    push.stream.transition(Event.receivePushPromise)
    if (associated.state === State.resetSent || !connection.settings.announced.enablePush) {
      // The server may have sent it before it learned that pushes are refused (§6.6).
      connection.guard.glitch("PUSH_PROMISE where nobody wants it any more")
      return push.cancel()
    }
    if (associated.isOpenTunnel) {
      push.cancel()
      throw streamError(streamId, ErrorCode.PROTOCOL_ERROR, "8.5", "PUSH_PROMISE on a tunnel")
    }
    this.check(connection, push, head, associated)
    this.live.add(push)
    this.unclaimed.set(push, 0)
    this.unseen.add(push)
    this.whenPromised.notify()
  }

  /** Throws where the promise cannot be taken: an error of the promised stream. */
  private check(
    { options, now }: Connection,
    { origin, stream }: Push,
    head: RequestHead | Violation,
    associated: ClientStream
  ): void {
    if (head instanceof Violation) throw malformed(stream.id, head)
    if (!this.isAuthoritative(stream.id, origin, associated)) {
      const reason = `the server does not answer for ${head.scheme}://${head.authority}`
      throw streamError(stream.id, ErrorCode.PROTOCOL_ERROR, "8.4", reason)
    }
    this.dropStale(now() - options.stallTimeout)
    let reserved = this.unclaimed.size
    for (const other of this.live) {
      if (other.isAccepted && other.stream.state === State.reservedRemote) reserved++
    }
    if (reserved >= options.maxReservedStreams) {
      const reason = `over ${options.maxReservedStreams} promises wait`
      throw streamError(stream.id, ErrorCode.REFUSED_STREAM, "10.5", reason, "maxReservedStreams")
    }
  }

  /** Whether the server may push for `origin` (§8.4, §10.1): the request that it comes with has been to it, or the server answers for it in other ways. */
  private isAuthoritative(streamId: number, origin: string | undefined, associated: ClientStream): boolean {
    const { origins } = this
    if (origin === undefined || origins?.allows(origin) === false) return false
    if (origin === associated.origin) return true
    try {
      return origins?.isAuthoritative(origin) === true
    } catch (cause) {
      // A throw of the user's function ends this promise only.
      throw new Http2Error.StreamError({
        streamId,
        code: ErrorCode.INTERNAL_ERROR,
        origin: "User",
        reason: "UserCode",
        description: "isAuthoritative has thrown",
        processed: "no",
        cause
      })
    }
  }

  // ------------------------------------------------------------------ what becomes of them

  /** §5.1.2: promised streams count from their first HEADERS on. */
  begins({ stream }: Push): void {
    let active = 0
    for (const other of this.live) if (other.stream.state === State.halfClosedLocal) active++
    const { most } = stream.owner.settings.maxConcurrentStreams
    if (active < most) return
    throw streamError(stream.id, ErrorCode.REFUSED_STREAM, "5.1.2", `over ${most} streams`, "maxConcurrentStreams")
  }

  /**
   * FLOW CONTROL: unclaimed pushes hold at most half of the connection's window. A user who has just been told of a promise has the rest of the event loop's
   * turn to claim it.
   */
  received(push: Push, octets: number): void {
    const before = this.unclaimed.get(push)
    if (before === undefined) return
    this.unclaimed.set(push, before + octets)
    this.unclaimedOctets += octets
    const { owner } = push.stream
    const most = owner.options.connectionWindowSize / 2
    if (this.unclaimedOctets <= most || this.isShedding) return
    this.isShedding = true
    owner.defer(() => this.shed(most))
  }

  /** Gives up what came last, until no more than `most` octets wait. */
  private shed(most: number): void {
    this.isShedding = false
    for (const [push, octets] of [...this.unclaimed].reverse()) {
      if (this.unclaimedOctets > most && octets > 0) push.expire("connectionWindowSize")
    }
  }

  /** The response of `push` is claimed. */
  accepted(push: Push): void {
    this.forget(push)
    if (this.live.has(push)) this.client.pushAccepted(push)
  }

  ended(push: Push): void {
    if (push.error !== undefined && !push.isAccepted) {
      this.forget(push)
      push.stream.discardBody()
    }
    if (this.live.delete(push)) this.client.pushEnded(push)
  }

  drop(push: Push, error: Http2Error.StreamError): void {
    this.forget(push)
    push.fail(error)
    push.stream.discardBody()
    push.stream.reset(error)
  }

  private forget(push: Push): void {
    this.unseen.delete(push)
    this.unclaimedOctets -= this.unclaimed.get(push) ?? 0
    this.unclaimed.delete(push)
  }

  /** Drops complete responses that were promised before `before`, in ms, and not claimed; incomplete ones have deadlines. */
  private dropStale(before: number): void {
    for (const push of this.unclaimed.keys()) {
      if (push.promisedAt > before) return
      push.expire("stallTimeout")
    }
  }

  /** The connection has ended: unclaimed promises fail. */
  close(error: Http2Error.Http2Error | undefined): void {
    for (const push of [...this.unclaimed.keys()]) {
      push.fail(error ?? Http2Error.connectionClosed())
      this.ended(push)
    }
    this.whenPromised.notify()
  }
}

/** The stream that a promise came on: one that we have opened, and the server's side of which is open (§6.6). */
const associatedStream = ({ table }: Connection, streamId: number): ClientStream => {
  const stream = table.get(streamId)
  if (stream instanceof ClientStream && table.isLocal(streamId)) {
    const outcome = StreamState.next(stream.state, Event.receivePushPromise)
    if (StreamState.isState(outcome) || outcome === StreamState.Outcome.ignore) return stream
  }
  throw connectionError("6.6", `PUSH_PROMISE on stream ${streamId}, which the server cannot answer`)
}
