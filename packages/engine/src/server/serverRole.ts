/**
 * What is a server's own in a connection: the client opens streams, each carries a request for the handler. Called by the engine through `Role`.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as ExtensionFrame from "../ExtensionFrame.js"
import type * as Frame from "../Frame.js"
import { empty } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { maxLength } from "../Priority.js"
import type { Connection } from "../connection/connection.js"
import type { Role } from "../connection/role.js"
import type { ExtensionLimits } from "../frame/extensionPayload.js"
import { parseRequest } from "../message/message.js"
import { malformed } from "../message/messageErrors.js"
import { type FieldSection, RequestHead, Violation } from "../fields/messageHead.js"
import { checkDependency } from "../stream/dependency.js"
import { PriorityUpdates } from "./priorityUpdates.js"
import type { Handler } from "./handler.js"
import { type MayPush, ServerPush } from "./serverPush.js"
import { type Response, ServerStream } from "./serverStream.js"
import * as StreamState from "../stream/streamState.js"

const { Event } = StreamState

/** The head of a request that is malformed. */
const noHead = new RequestHead("GET", "", "", "", undefined, empty, -1, false)
const tooLarge: Response = { status: 431, headers: empty, body: undefined, trailers: undefined }

/** ORIGIN and ALTSVC are for clients. One octet more than is read of a priority tells that there are too many. */
const extensionLimits: ExtensionLimits = { altSvc: 0, origins: 0, priority: maxLength + 1 }

export class ServerRole implements Role {
  readonly isServer = true
  readonly queued = 0
  readonly origins = undefined
  readonly takesPushes = false
  /** Handlers that run though their stream is gone. */
  lingering = 0
  /** Promises; there once the first request is. */
  push: ServerPush | undefined = undefined
  private connection: Connection | undefined = undefined
  private readonly priorityUpdates = new PriorityUpdates()

  constructor(
    readonly handler: Handler,
    /** Whether responses get a date field where the handler gives none (RFC 9110 §6.6.1). */
    readonly sendDate: boolean,
    private readonly mayPush?: MayPush
  ) {}

  onCapacity(): void {}

  extensionLimits(): ExtensionLimits {
    return extensionLimits
  }

  /** A stream is gone whose handler still runs. */
  lingers(): void {
    this.lingering++
  }

  /** A handler ended whose stream was gone: it does not count any more. */
  lingered(): void {
    this.lingering--
    this.connection?.notifyIdle()
  }

  /** A request (§8.1). The stream is opened whatever is wrong with it, so that what follows on it is known. */
  openStream(connection: Connection, frame: Frame.Headers, section: FieldSection): void {
    const { streamId } = frame
    if (connection.table.isLocal(streamId)) {
      throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1.1", "a client opened a stream with an even id")
    }
    this.connection = connection
    this.push ??= new ServerPush(connection, this, this.mayPush)
    const head = parseRequest(section, connection.settings.announced.enableConnectProtocol)
    const usable = head instanceof Violation ? noHead : head
    const stream = new ServerStream(connection, streamId, usable, this)
    connection.opened(stream)
    const priority = this.priorityUpdates.take(streamId)
    if (priority !== undefined) stream.receivePriority(priority)
    stream.transition(frame.endStream ? Event.receiveHeadersEnd : Event.receiveHeaders)
    checkDependency(streamId, frame.priority, connection.remoteSettings)
    if (this.isBeyondLimit(connection)) return this.refuseBeyondLimit(connection, stream)
    if (head instanceof Violation) return this.refuse(connection, stream, head)
    connection.stats.requests++
    stream.measure(head.method, head.scheme)
    stream.begin()
    connection.startLater(stream)
  }

  /** Refused by the dispatcher before: clients cannot push (§8.4). */
  receivePushPromise(): void {}

  receivePriorityUpdate(connection: Connection, frame: ExtensionFrame.PriorityUpdate): void {
    this.priorityUpdates.receive(connection, frame)
  }

  /** §5.1.2. Handlers that still run for streams that are gone count: CVE-2023-44487. */
  private isBeyondLimit(connection: Connection): boolean {
    return connection.table.remoteCount + this.lingering > connection.settings.maxConcurrentStreams.most
  }

  private refuseBeyondLimit(connection: Connection, stream: ServerStream): void {
    connection.guard.glitch("a stream beyond maxConcurrentStreams")
    stream.reset(
      new Http2Error.StreamError({
        streamId: stream.id,
        code: ErrorCode.REFUSED_STREAM,
        origin: "Local",
        reason: "Limit",
        description: `over ${connection.settings.maxConcurrentStreams.most} streams`,
        section: "5.1.2",
        limit: "maxConcurrentStreams",
        processed: "no"
      })
    )
  }

  /** Each 431 costs an answer: a peer that asks for them without end is an attacker. */
  private refuse(connection: Connection, stream: ServerStream, violation: Violation): void {
    if (!violation.isTooLarge) throw malformed(stream.id, violation)
    connection.guard.glitch("a request whose fields are too large")
    stream.begin()
    stream.respond(tooLarge)
    stream.handlerEnded()
  }
}
