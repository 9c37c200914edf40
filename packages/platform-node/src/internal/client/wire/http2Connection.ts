/**
 * A connection of the pool that speaks HTTP/2: sends requests on it, and knows whether it is fit for another.
 */
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Identity } from "@effect-http2/node/socket/identity"
import type { Connection, Exchange, SentRequest } from "./exchange.js"
import { PlatformRequest } from "./http2ClientRequest.js"
import type { Origin } from "@effect-http2/node/client/origin"

/** How many requests are sent at once to a server that has not said yet how many it takes; the others follow a round trip later. */
export const assumedStreams = 10

/** Who sends requests over a connection. */
export interface ConnectionUser {
  /** Something has changed: a stream ended, the peer set another limit, takes no more requests, or answers for other origins. */
  onCapacity(connection: Http2Connection): void
}

/** The pool of the origin that a connection was made for. */
export interface ConnectionOwner extends ConnectionUser {
  /** Whether a request may go over it at once. One that has been silent for long has to answer first, and is asked then; one that is old is replaced. */
  isReady(connection: Http2Connection): boolean
}

export class Http2Connection implements Connection {
  /** A PING asks whether the connection lives. */
  private isProbePending = false
  /** Its scope is being closed. */
  private isClosing = false
  /** No request goes over it any more, and those that do end. */
  private isRetired = false
  private superior: Http2Connection | undefined = undefined
  /** From when on it should be replaced, on the clock of the pool. */
  private expiresAt = Number.POSITIVE_INFINITY
  readonly remoteAddress: string | undefined
  /** Origins, as in `Origin.key`, that a server has said 421 of. */
  private readonly misdirected = new Set<string>()
  private users: Set<ConnectionUser> | undefined = undefined

  constructor(
    readonly client: Http2Client.Http2Client,
    private readonly scope: Scope.CloseableScope,
    readonly origin: Origin,
    readonly owner: ConnectionOwner,
    readonly identity: Identity,
    /** Whether `remoteAddress` is the origin's, and not that of a proxy. */
    readonly isDirect: boolean
  ) {
    this.remoteAddress = client.connection.peer.remote?.host
  }

  /** Tells who uses it that something has changed. */
  changed(): void {
    this.owner.onCapacity(this)
    if (this.users !== undefined) for (const user of this.users) user.onCapacity(this)
  }

  get isProbing(): boolean {
    return this.isProbePending
  }

  /** Asks by a PING whether the connection lives: it takes no request until the effect has said that. Takes `timeout` ms at most. */
  probe(timeout: number): Effect.Effect<boolean> {
    this.isProbePending = true
    return Effect.timeoutOption(this.client.connection.ping, Duration.millis(timeout)).pipe(
      Effect.match({ onFailure: () => false, onSuccess: Option.isSome }),
      Effect.ensuring(
        Effect.sync(() => {
          this.isProbePending = false
        })
      )
    )
  }

  /** Takes no request any more; those that it has end. Its server does not answer for its origin, another one does for more, or it is old. */
  retire(): void {
    this.isRetired = true
  }

  /** Lets it be replaced from that time on. */
  expireAt(time: number): void {
    this.expiresAt = time
  }

  /** Whether it may be replaced from some time on at all; a look at the clock is not needed else. */
  get hasExpiry(): boolean {
    return this.expiresAt !== Number.POSITIVE_INFINITY && !this.isRetired
  }

  hasExpired(now: number): boolean {
    return this.expiresAt <= now
  }

  /** Closes the connection; undefined where that was begun before. */
  end(): Effect.Effect<void> | undefined {
    if (this.isClosing) return undefined
    this.isClosing = true
    return Scope.close(this.scope, Exit.void)
  }

  /** Another connection, whose server answers for all that this one's does and for more (RFC 8336 §2.4). */
  get supersededBy(): Http2Connection | undefined {
    return this.superior
  }

  supersede(superior: Http2Connection | undefined): void {
    this.superior = superior
  }

  addUser(user: ConnectionUser): void {
    this.users ??= new Set()
    this.users.add(user)
  }

  removeUser(user: ConnectionUser): void {
    this.users?.delete(user)
  }

  isOwnOf(origin: Origin): boolean {
    return this.origin.key === origin.key
  }

  /** What the server says that it answers for, once it has said that. */
  get originSet(): ReadonlySet<string> | undefined {
    return this.client.connection.originSet
  }

  /** Whether its server has not said otherwise of `origin`, by ORIGIN (RFC 8336 §2.4) or by 421, and takes requests at all. */
  serves({ key }: Origin): boolean {
    const { originSet } = this
    if (this.isClosing || this.isDraining || this.misdirected.has(key)) return false
    return originSet === undefined || originSet.has(key)
  }

  /** The server has answered a request to `origin` with 421. */
  misdirect({ key }: Origin): void {
    this.misdirected.add(key)
    this.changed()
  }

  /** Whether a request to `origin` should rather go over the connection that answers for more. */
  isSupersededFor(origin: Origin): boolean {
    const { superior } = this
    return superior !== undefined && superior.availableStreams() > 0 && superior.serves(origin)
  }

  /** How many requests more can be sent now. Before the peer has said how many streams it takes, `assumed` may be open. */
  availableStreams(assumed = assumedStreams): number {
    if (this.isClosing || this.isProbePending || this.isRetired || this.isWindowHeld) return 0
    const { connection } = this.client
    const available = this.client.availableStreams()
    return connection.hasRemoteSettings ? available : Math.min(available, assumed - connection.activeStreams)
  }

  /** Whether bodies that nobody reads hold its receive window: there is no room for that of another response. */
  get isWindowHeld(): boolean {
    return this.client.connection.isWindowHeld
  }

  /** Whether it will be known soon how many requests it takes. */
  get isPending(): boolean {
    return this.isProbePending || this.limit === undefined
  }

  /** Whether its server takes no requests at all, for now: as little as it would over another connection. */
  get allowsNoStreams(): boolean {
    return this.limit === 0 && !this.isDraining
  }

  /** How many streams the peer takes, once it has said that. */
  get limit(): number | undefined {
    const { hasRemoteSettings, remoteSettings } = this.client.connection
    return hasRemoteSettings ? remoteSettings.maxConcurrentStreams : undefined
  }

  /** Whether no request is under way. */
  get isIdle(): boolean {
    return this.client.connection.activeStreams === 0
  }

  /** When the peer was heard of last. */
  get lastReceivedAt(): number {
    return this.client.connection.lastReceivedAt
  }

  get isDraining(): boolean {
    return this.isRetired || this.client.connection.isDraining
  }

  /** Whether it takes no more requests and has none: to be closed. */
  get isDrained(): boolean {
    return this.isDraining && this.client.connection.activeStreams === 0
  }

  send(exchange: Exchange): SentRequest {
    const isReused = this.users !== undefined && !this.isOwnOf(exchange.target.origin)
    const request = new PlatformRequest(exchange, isReused, this.remoteAddress)
    return this.client.unsafeRequest(request, request)
  }
}
