/**
 * A connection of the pool that speaks HTTP/2: sends requests on it, and knows whether it is fit for another. Made by pool.ts.
 */
import type * as Http2Headers from "@effect-http2/http2/Headers"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Headers from "@effect/platform/Headers"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Identity } from "../../socket/identity.js"
import { fromHttp2, toHttp2 } from "./fields.js"
import type { Incoming, Listener, Outgoing, Place, Started } from "./message.js"
import type { Origin } from "./target.js"

class Http2Incoming implements Incoming {
  readonly protocol = "h2"

  constructor(
    private readonly response: Http2ClientResponse.Http2ClientResponse,
    readonly remoteAddress: string | undefined
  ) {}

  get status(): number {
    return this.response.status
  }

  get headers(): Headers.Headers {
    return fromHttp2(this.response.headers)
  }

  get setCookies(): ReadonlyArray<string> {
    return this.response.headers.getAll("set-cookie")
  }

  takeBytes(limit: number): Uint8Array | undefined {
    return this.response.unsafeTakeBytes(limit)
  }

  bytes(limit: number): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return this.response.bytes(limit)
  }

  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return this.response.body
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return Effect.map(this.response.trailers, fromHttp2)
  }
}

/** What a request of HTTP/2 tells its listener, as the platform wants it. */
class Exchange implements Http2Client.ResponseListener {
  constructor(
    private readonly listener: Listener,
    private readonly remoteAddress: string | undefined
  ) {}

  onResponse(response: Http2ClientResponse.Http2ClientResponse): void {
    this.listener.onIncoming(new Http2Incoming(response, this.remoteAddress))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.listener.onFailure(error)
  }
}

/** What the engine is asked for. */
class PlatformRequest implements Http2ClientRequest.Http2ClientRequest {
  readonly method: string
  readonly path: string
  readonly headers: Http2Headers.Headers
  readonly body: Outgoing["body"]["content"]
  declare readonly authority?: string
  declare readonly onInformational?: (status: number, headers: Http2Headers.Headers) => void

  /** `isShared`: the connection was made for another origin. */
  constructor(outgoing: Outgoing, isShared: boolean) {
    const { headers, onInformational } = outgoing
    const { host } = headers
    this.method = outgoing.method
    this.path = outgoing.target.path
    this.headers = toHttp2(outgoing)
    this.body = outgoing.body.content
    if (host !== undefined) this.authority = host
    else if (isShared) this.authority = outgoing.target.origin.authority
    if (onInformational !== undefined) {
      this.onInformational = (status, fields) => onInformational({ status, headers: fromHttp2(fields) })
    }
  }
}

/** How many requests are sent at once to a server that has not said yet how many it takes; the others follow a round trip later. */
export const assumedStreams = 10

/** Who sends requests over a connection. */
export interface PlaceUser {
  /** Something has changed: a stream ended, the peer set another limit, takes no more requests, or answers for other origins. */
  capacity(place: Http2Place): void
}

/** The pool of the origin that a connection was made for. */
export interface PlaceOwner extends PlaceUser {
  /** Whether a request may go over it at once. One that has been silent for long has to answer first, and is asked then; one that is old is replaced. */
  isReady(place: Http2Place): boolean
}

export class Http2Place implements Place {
  /** A PING asks whether the connection lives. */
  private isBeingProbed = false
  /** Its scope is being closed. */
  private isClosing = false
  /** No request goes over it any more, and those that do end. */
  private isRetired = false
  private better: Http2Place | undefined = undefined
  /** From when on it should be replaced, on the clock of the pool. */
  private expiresAt = Number.POSITIVE_INFINITY
  readonly remoteAddress: string | undefined
  /** Origins, as in `Origin.key`, that a server has said 421 of. */
  private readonly misdirected = new Set<string>()
  private borrowers: Set<PlaceUser> | undefined = undefined

  constructor(
    readonly client: Http2Client.Http2Client,
    private readonly scope: Scope.CloseableScope,
    readonly origin: Origin,
    readonly owner: PlaceOwner,
    readonly identity: Identity,
    /** Whether `remoteAddress` is the origin's, and not that of a proxy. */
    readonly isDirect: boolean
  ) {
    this.remoteAddress = client.connection.peer.remote?.host
  }

  /** Tells who uses it that something has changed. */
  changed(): void {
    this.owner.capacity(this)
    if (this.borrowers !== undefined) for (const borrower of this.borrowers) borrower.capacity(this)
  }

  get isProbing(): boolean {
    return this.isBeingProbed
  }

  /** Asks by a PING whether the connection lives: no place until the effect has said that. Takes `timeout` ms at most. */
  probe(timeout: number): Effect.Effect<boolean> {
    this.isBeingProbed = true
    return Effect.timeoutOption(this.client.connection.ping, Duration.millis(timeout)).pipe(
      Effect.match({ onFailure: () => false, onSuccess: Option.isSome }),
      Effect.ensuring(
        Effect.sync(() => {
          this.isBeingProbed = false
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
  get surpassedBy(): Http2Place | undefined {
    return this.better
  }

  surpass(better: Http2Place | undefined): void {
    this.better = better
  }

  lendTo(borrower: PlaceUser): void {
    this.borrowers ??= new Set()
    this.borrowers.add(borrower)
  }

  takeBack(borrower: PlaceUser): void {
    this.borrowers?.delete(borrower)
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
  isSurpassedFor(origin: Origin): boolean {
    const { better } = this
    return better !== undefined && better.places() > 0 && better.serves(origin)
  }

  /** How many requests more can be sent now. Before the peer has said how many streams it takes, `assumed` may be open. */
  places(assumed = assumedStreams): number {
    if (this.isClosing || this.isBeingProbed || this.isRetired) return 0
    const { connection } = this.client
    const places = this.client.places()
    return connection.hasRemoteSettings ? places : Math.min(places, assumed - connection.activeStreams)
  }

  /** Whether it will be known soon how many requests it takes. */
  get isUnsure(): boolean {
    return this.isBeingProbed || this.limit === undefined
  }

  /** Whether its server takes no requests at all, for now: as little as it would over another connection. */
  get isBarren(): boolean {
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
  get isSpent(): boolean {
    return this.isDraining && this.client.connection.activeStreams === 0
  }

  send(outgoing: Outgoing, listener: Listener): Started {
    const isShared = this.borrowers !== undefined && !this.isOwnOf(outgoing.target.origin)
    return this.client.unsafeRequest(
      new PlatformRequest(outgoing, isShared),
      new Exchange(listener, this.remoteAddress)
    )
  }
}
