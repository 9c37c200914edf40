/**
 * A connection of the pool that speaks HTTP/2: whether it is fit for another request. How one is sent on it, a skin says.
 */
import type { Peer } from "@effect-http2/engine/Peer"
import type { Settings } from "@effect-http2/engine/Settings"
import type { Identity } from "../socket/identity.js"
import type { Cancel, Connection, Exchange, SentRequest, Timer } from "./exchange.js"
import type { Origin } from "./origin.js"

/** How many requests are sent at once to a server that has not said yet how many it takes; the others follow a round trip later. */
export const assumedStreams = 10

/** What can be seen of a connection of HTTP/2; that of either skin is one. */
export interface ConnectionState {
  readonly peer: Peer
  readonly activeStreams: number
  readonly isDraining: boolean
  readonly lastReceivedAt: number
  readonly hasRemoteSettings: boolean
  readonly remoteSettings: Settings
  readonly originSet: ReadonlySet<string> | undefined
  readonly isWindowHeld: boolean
}

/** Who sends requests over a connection. */
export interface ConnectionUser<Response> {
  /** Something has changed: a stream ended, the peer set another limit, takes no more requests, or answers for other origins. */
  onCapacity(connection: Http2Connection<Response>): void
}

/** The pool of the origin that a connection was made for. */
export interface ConnectionOwner<Response> extends ConnectionUser<Response> {
  /** Whether a request may go over it at once. One that has been silent for long has to answer first, and is asked then; one that is old is replaced. */
  isReady(connection: Http2Connection<Response>): boolean
}

export abstract class Http2Connection<Response> implements Connection<Response> {
  /** A PING asks whether the connection lives. */
  private isProbePending = false
  /** It is being closed. */
  private isClosing = false
  /** No request goes over it any more, and those that do end. */
  private isRetired = false
  private superior: Http2Connection<Response> | undefined = undefined
  /** From when on it should be replaced, on the clock of the pool. */
  private expiresAt = Number.POSITIVE_INFINITY
  readonly remoteAddress: string | undefined
  /** Origins, as in `Origin.key`, that a server has said 421 of. */
  private readonly misdirected = new Set<string>()
  private users: Set<ConnectionUser<Response>> | undefined = undefined

  constructor(
    private readonly state: ConnectionState,
    readonly origin: Origin,
    readonly owner: ConnectionOwner<Response>,
    readonly identity: Identity,
    /** Whether `remoteAddress` is the origin's, and not that of a proxy. */
    readonly isDirect: boolean
  ) {
    this.remoteAddress = state.peer.remote?.host
  }

  abstract send(exchange: Exchange<Response>): SentRequest

  /** How many requests more would be sent at once now. */
  protected abstract freeStreams(): number

  /** Sends a PING; `done` is told once whether it was answered, behind a cancel too. */
  protected abstract ping(done: (isAnswered: boolean) => void): Cancel

  /** Closes the connection; `done` is told once that is over. */
  protected abstract close(done: () => void): void

  /** Tells who uses it that something has changed. */
  changed(): void {
    this.owner.onCapacity(this)
    if (this.users !== undefined) for (const user of this.users) user.onCapacity(this)
  }

  get isProbing(): boolean {
    return this.isProbePending
  }

  /** Asks by a PING whether the connection lives: it takes no request until `done` has been told. Takes `timeout` ms at most. */
  probe(timeout: number, timer: Timer, done: (isAlive: boolean) => void): Cancel {
    this.isProbePending = true
    let stop: Cancel | undefined = undefined
    const cancel = this.ping((isAnswered) => {
      stop?.()
      this.isProbePending = false
      done(isAnswered)
    })
    if (this.isProbePending) stop = timer.after(timeout, cancel)
    return cancel
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

  /** Whether it is being closed, or was. */
  get isEnded(): boolean {
    return this.isClosing
  }

  /** Closes the connection, and calls `done` behind that. Called once. */
  end(done: () => void): void {
    this.isClosing = true
    this.close(done)
  }

  /** Another connection, whose server answers for all that this one's does and for more (RFC 8336 §2.4). */
  get supersededBy(): Http2Connection<Response> | undefined {
    return this.superior
  }

  supersede(superior: Http2Connection<Response> | undefined): void {
    this.superior = superior
  }

  addUser(user: ConnectionUser<Response>): void {
    this.users ??= new Set()
    this.users.add(user)
  }

  removeUser(user: ConnectionUser<Response>): void {
    this.users?.delete(user)
  }

  isOwnOf(origin: Origin): boolean {
    return this.origin.key === origin.key
  }

  /** Whether a request to `origin` has to name it: the connection was made for another one. */
  protected isReusedFor(origin: Origin): boolean {
    return this.users !== undefined && !this.isOwnOf(origin)
  }

  /** What the server says that it answers for, once it has said that. */
  get originSet(): ReadonlySet<string> | undefined {
    return this.state.originSet
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
    const { state } = this
    const available = this.freeStreams()
    return state.hasRemoteSettings ? available : Math.min(available, assumed - state.activeStreams)
  }

  /** Whether bodies that nobody reads hold its receive window: there is no room for that of another response. */
  get isWindowHeld(): boolean {
    return this.state.isWindowHeld
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
    const { hasRemoteSettings, remoteSettings } = this.state
    return hasRemoteSettings ? remoteSettings.maxConcurrentStreams : undefined
  }

  /** Whether no request is under way. */
  get isIdle(): boolean {
    return this.state.activeStreams === 0
  }

  /** When the peer was heard of last. */
  get lastReceivedAt(): number {
    return this.state.lastReceivedAt
  }

  get isDraining(): boolean {
    return this.isRetired || this.state.isDraining
  }

  /** Whether it takes no more requests and has none: to be closed. */
  get isDrained(): boolean {
    return this.isDraining && this.state.activeStreams === 0
  }
}
