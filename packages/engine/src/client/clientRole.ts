/**
 * What is a client's own in a connection: it opens streams, as many as the server allows, the others wait in order (RFC 9113 §5.1.2). Called by the
 * engine through `Role`, and by Http2Client.ts.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Options } from "../Options.js"
import { ClientPushes } from "./clientPushes.js"
import type { Connection } from "../connection/connection.js"
import type { Role } from "../connection/role.js"
import type { ExtensionLimits } from "../frame/extensionPayload.js"
import { AwaitedPushes } from "./awaitedPushes.js"
import type { ClientRequest } from "./clientRequest.js"
import { Listeners } from "../listeners.js"
import type { Push } from "./push.js"
import type { FieldSection } from "../fields/messageHead.js"
import type { Origins } from "../origin/origins.js"

/** How many streams are opened before the server has said how many it takes: what the RFC recommends as the least (§6.5.2). */
const assumedStreams = 100

export class ClientRole implements Role {
  readonly isServer = false
  readonly takesPushes = true
  readonly lingering = 0
  private connection: Connection | undefined = undefined
  private readonly waiting = new Set<ClientRequest>()
  private nextId = 1
  /** Requests for what is being pushed already (§8.4.2). */
  private readonly awaited = new AwaitedPushes()
  readonly pushes: ClientPushes
  /** Notified when a stream or room for its response may have become free, and when the connection takes no more requests. */
  readonly whenCapacity = new Listeners()

  /** `onChange` is called each time that `whenCapacity` is notified. */
  constructor(
    private readonly onChange: (() => void) | undefined = undefined,
    readonly origins: Origins | undefined = undefined
  ) {
    this.pushes = new ClientPushes(origins, this)
  }

  /** The push is claimed: requests for the same resource wait for it from now on (§8.4.2). */
  pushAccepted(push: Push): void {
    this.awaited.add(push)
  }

  /** The push is complete, or has failed. */
  pushEnded(push: Push): void {
    for (const request of this.awaited.release(push)) this.submit(request)
  }

  /** Requests that wait for a free stream. */
  get queued(): number {
    return this.waiting.size + this.awaited.size
  }

  attach(connection: Connection): void {
    this.connection = connection
    connection.onEnd(() => {
      this.pushes.close(connection.error)
      this.origins?.close()
    })
  }

  /** Opens a stream for `request` now, or as soon as one is free, behind those that wait already. */
  submit(request: ClientRequest): void {
    const { connection } = this
    if (connection === undefined || this.awaited.awaits(request)) return
    if (this.waiting.size === 0 && this.hasFreeStream(connection)) return this.open(connection, request)
    this.waiting.add(request)
    this.serveWaiting()
    connection.updateHold()
  }

  /** `request` stops waiting for a stream. */
  withdraw(request: ClientRequest): void {
    this.waiting.delete(request)
    this.awaited.withdraw(request)
    this.connection?.updateHold()
  }

  /** How many more requests would be sent at once; requests that already wait are subtracted. */
  get availableStreams(): number {
    const { connection } = this
    if (connection === undefined || connection.status !== "open" || this.nextId > Frame.MAX_STREAM_ID) return 0
    const { maxConcurrentStreams } = connection.remoteSettings
    const most = connection.hasRemoteSettings ? maxConcurrentStreams : assumedStreams
    return Math.max(0, most - connection.table.localCount - this.waiting.size)
  }

  private hasFreeStream(connection: Connection): boolean {
    const { maxConcurrentStreams } = connection.remoteSettings
    const most = connection.hasRemoteSettings ? maxConcurrentStreams : assumedStreams
    return connection.status === "open" && this.nextId <= Frame.MAX_STREAM_ID && connection.table.localCount < most
  }

  private open(connection: Connection, request: ClientRequest): void {
    const violation = request.violation(connection)
    if (violation !== undefined) return request.refuse(violation)
    const id = this.nextId
    this.nextId += 2
    request.open(connection, id)
  }

  extensionLimits({ maxOrigins }: Options): ExtensionLimits {
    return this.origins?.limits(maxOrigins) ?? { altSvc: 0, origins: 0, priority: 0 }
  }

  onCapacity(): void {
    this.serveWaiting()
    this.onChange?.()
    this.whenCapacity.notify()
  }

  /** Why there will be no stream for another request; undefined where one is free, or may be later. */
  get refusal(): Http2Error.ConnectionError | undefined {
    const { connection } = this
    if (connection === undefined || (connection.status === "open" && this.nextId <= Frame.MAX_STREAM_ID))
      return undefined
    return refusal(connection)
  }

  private serveWaiting(): void {
    const { connection, waiting } = this
    if (connection === undefined || waiting.size === 0) return
    const error = this.refusal
    if (error !== undefined) {
      const refused = [...waiting]
      waiting.clear()
      for (const request of refused) request.refuse(error)
      return
    }
    for (const request of waiting) {
      if (!this.hasFreeStream(connection)) return
      waiting.delete(request)
      this.open(connection, request)
    }
  }

  /** A server does not send it (RFC 9218 §7.1). */
  receivePriorityUpdate(): void {
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.5", "PRIORITY_UPDATE of a server (RFC 9218 §7.1)")
  }

  receivePushPromise(connection: Connection, frame: Frame.PushPromise, section: FieldSection): void {
    this.pushes.receive(connection, frame, section)
  }

  /** A server opens streams only by PUSH_PROMISE. */
  openStream(connection: Connection, frame: Frame.Headers): void {
    const what = connection.table.isLocal(frame.streamId) ? "an idle stream" : "a stream that was not promised"
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", `HEADERS on ${what}`)
  }
}

/** Why a connection takes no more requests: none of this one reached the peer. */
const refusal = (connection: Connection): Http2Error.ConnectionError => {
  const cause = connection.error ?? connection.goneAway
  return new Http2Error.ConnectionError({
    code: cause?.code ?? ErrorCode.NO_ERROR,
    origin: cause?.origin ?? "Local",
    reason: connection.goneAway === undefined ? "Closed" : "GoAway",
    description: cause === undefined ? "the connection takes no more requests" : `no more requests: ${cause.message}`,
    processed: "no",
    cause
  })
}
