/**
 * The connections to one origin, from none to as many as the options allow, and the requests that wait for one. Everything here is synchronous; what dials,
 * probes and closes is begun, and tells when it is done.
 */
import * as Http2Error from "@effect-http2/engine/Http2Error"
import type { Cancel, Connection, OpenedSocket } from "./exchange.js"
import { Http1Connections } from "./http1Connections.js"
import { assumedStreams, type ConnectionOwner, Http2Connection } from "./http2Connection.js"
import { Ongoing } from "./ongoing.js"
import type { Origin } from "./origin.js"
import type { PoolContext } from "./poolContext.js"
import { closed } from "./poolErrors.js"
import { type LookUp, ReusedConnections } from "./reusedConnections.js"
import { type Waiter as WaiterFor, Waiters } from "./waiters.js"
import { type Obstacle, WaitTimeout } from "./waitTimeout.js"

/** A request that wants a connection. */
export type Waiter<Response> = WaiterFor<Connection<Response>>

export class Pool<Response> implements ConnectionOwner<Response> {
  private readonly connections: Array<Http2Connection<Response>> = []
  /** All that are not closed yet, those that take no more requests among them. */
  private readonly scopes = new Set<Http2Connection<Response>>()
  private http1: Http1Connections<Response> | undefined = undefined
  /** Until when the answer "HTTP/1.1" holds. */
  private http1Until = Number.NEGATIVE_INFINITY
  private readonly waiters: Waiters<Connection<Response>>
  private readonly waitTimeout: WaitTimeout<Response>
  /** Connections of other origins. */
  private readonly reused: ReusedConnections<Response> | undefined
  /** Dials and probes, which the end interrupts; and what closes connections, which it awaits. */
  private readonly ongoing = new Ongoing(() => this.changed())
  private readonly closings = new Ongoing(() => this.changed())
  /** How many streams a new connection of the origin takes, as the last one said. */
  private assumed = assumedStreams
  private isDialing = false
  /** A connection is being opened in the place of one that is old. */
  private isRenewing = false
  /** A dial has failed, and those that wait hope for a connection that is open: the next dial is for who comes then, or a change there. */
  private dialError: Http2Error.Http2Error | undefined = undefined
  /** Whether HTTP/1.1 is spoken without asking: a plain origin without prior knowledge. */
  private readonly isPlain: boolean

  constructor(
    readonly origin: Origin,
    private readonly context: PoolContext<Response, Pool<Response>>
  ) {
    this.isPlain = !origin.isTls && !context.options.hasPriorKnowledge(origin.key)
    const { options, skin } = context
    const { metrics, reports, timer } = skin
    this.waiters = new Waiters(
      options.maxQueued,
      options.stats,
      metrics,
      () => timer.now(),
      (isAnyone) => (isAnyone ? this.waitTimeout.begin() : this.waitTimeout.end())
    )
    this.waitTimeout = new WaitTimeout(
      origin.key,
      this.waiters,
      timer,
      options.maxWait,
      options.stats,
      reports,
      () => this.obstacle
    )
    if (this.isPlain) this.http1Until = Number.POSITIVE_INFINITY
    const { reusable } = context
    if (reusable !== undefined)
      this.reused = new ReusedConnections(origin, reusable, timer, (isGone) => this.reusedChanged(isGone))
  }

  /** A connection that takes a request now; one of the origin's own, where it has to be. */
  find(excluded: Connection<Response> | undefined = undefined, isOwnOnly = false): Connection<Response> | undefined {
    if (this.waiters.isAhead) return undefined
    const { connections } = this
    let best: Http2Connection<Response> | undefined = undefined
    let most = 0
    for (const connection of connections) {
      if (connection === excluded || (!isOwnOnly && connection.isSupersededFor(this.origin))) continue
      const available = connection.availableStreams(this.assumed)
      if (available <= most || !this.isReady(connection)) continue
      if (this.context.options.policy === "fill") return connection
      best = connection
      most = available
    }
    return best ?? this.findHttp1() ?? (isOwnOnly ? undefined : this.reused?.find(excluded))
  }

  /**
   * One for a request that asks for another protocol on its connection, which HTTP/2 has not (RFC 9113 §8.6): of HTTP/1.1, whatever else the origin speaks,
   * unless it is known to speak HTTP/2 alone, where it is extended CONNECT (RFC 8441).
   */
  findForUpgrade(): Connection<Response> | undefined {
    if (!this.origin.isTls && !this.isPlain) return this.find()
    if (this.context.isClosed()) return undefined
    this.http1 ??= this.openHttp1()
    return this.http1
  }

  private findHttp1(): Connection<Response> | undefined {
    if (!this.isHttp1 || this.context.isClosed()) return undefined
    this.http1 ??= this.openHttp1()
    return this.http1.available > 0 ? this.http1 : undefined
  }

  /** Waits for a connection, behind those that wait already. */
  wait(waiter: Waiter<Response>): void {
    if (this.context.isClosed()) return waiter.onNoConnection(closed())
    this.dialError = undefined
    if (this.waiters.add(waiter)) this.serve()
  }

  /** `waiter` does not want a connection any more. */
  withdraw(waiter: Waiter<Response>): void {
    this.waiters.withdraw(waiter)
  }

  countRetry(): void {
    this.context.options.stats.retries++
  }

  /** Gives connections to those that wait, and opens another connection where that does not suffice. */
  private serve(): void {
    this.waiters.serve((waiter) => this.find(waiter.excluded, waiter.isOwnOnly) ?? this.findExcluded(waiter))
    if (this.waiters.isAhead) this.grow()
  }

  /** The excluded connection, where there cannot be another. */
  private findExcluded({ isOwnOnly, excluded }: Waiter<Response>): Connection<Response> | undefined {
    const mayBeAnother = this.canGrow && this.dialError === undefined
    return excluded === undefined || mayBeAnother ? undefined : this.find(undefined, isOwnOnly)
  }

  private get canGrow(): boolean {
    const { isClosed, options } = this.context
    return !this.isHttp1 && !isClosed() && this.connections.length < options.maxConnections
  }

  /** Whether the origin is known to speak HTTP/1.1. */
  private get isHttp1(): boolean {
    return this.http1Until > this.now
  }

  /** What keeps those waiting that do; undefined where that is a connection that is being opened or asked. */
  private get obstacle(): Obstacle | undefined {
    const { connections, context, http1 } = this
    const { maxConnections, maxHttp1Connections } = context.options
    if (this.isHttp1) {
      if (http1 === undefined || http1.available > 0) return undefined
      const reason = `all ${maxHttp1Connections} connections are in use (maxHttp1Connections), each by one request`
      return { limit: "maxHttp1Connections", reason }
    }
    const { length } = connections
    if (length >= maxConnections) {
      const reason = connections.some((connection) => connection.isWindowHeld)
        ? `bodies of responses that nobody reads hold the receive window (connectionWindowSize), on ${length} connections (maxConnections)`
        : `as many requests as the server allows are open on each of ${length} connections (maxConnections)`
      return { limit: "maxConnections", reason }
    }
    if (connections.some((connection) => connection.allowsNoStreams))
      return { limit: undefined, reason: "the server takes no requests (SETTINGS_MAX_CONCURRENT_STREAMS is 0)" }
    const cause = this.dialError
    if (cause !== undefined)
      return { limit: undefined, reason: `another connection could not be opened: ${cause.message}`, cause }
    return undefined
  }

  private grow(): void {
    const { limit } = this.obstacle ?? {}
    if (limit !== undefined) this.waitTimeout.limitReached(limit)
    // A connection that is being asked, or has not said yet how much it takes, may do; another one of a server that takes nothing would not.
    const reused = this.waiters.wantsOwn ? undefined : this.reused
    const isPending =
      reused?.isPending === true ||
      this.connections.some((connection) => connection.isPending || connection.allowsNoStreams)
    if (this.isDialing || this.isRenewing || this.dialError !== undefined || !this.canGrow || isPending) return
    const found = reused?.findMore()
    if (found === true) return this.serve()
    this.isDialing = true
    this.context.onBusy(this)
    this.ongoing.begin((done) =>
      this.connect(found, (error) => {
        this.dialled(error)
        done()
      })
    )
  }

  /** A connection of another origin, where `lookUp` finds one, else one of the origin's own. */
  private connect(lookUp: LookUp | undefined, done: (error: Http2Error.Http2Error | undefined) => void): Cancel {
    if (lookUp === undefined) return this.dial(done)
    let cancel = lookUp((isFound) => {
      if (isFound || this.context.isClosed()) done(isFound ? undefined : closed())
      else cancel = this.dial(done)
    })
    return () => cancel()
  }

  /** Opens a connection of the origin's own. */
  private dial(done: (error: Http2Error.Http2Error | undefined) => void): Cancel {
    const { options, reusable, skin } = this.context
    const failed = (error: Http2Error.Http2Error): void => {
      options.stats.dialsFailed++
      done(error)
    }
    options.stats.dials++
    return skin.dial(this.origin, ["h2", "http/1.1"], (opened) => {
      if (Http2Error.isHttp2Error(opened)) return failed(opened)
      if (opened.protocol === "h2") {
        return skin.openHttp2(opened, this.origin, this, reusable, (connection) => {
          if (Http2Error.isHttp2Error(connection)) return failed(connection)
          this.add(connection)
          done(undefined)
        })
      }
      this.learnHttp1(opened)
      done(undefined)
    })
  }

  /** Those that wait fail with the dial, unless there are connections that will take them. */
  private dialled(error: Http2Error.Http2Error | undefined): void {
    this.isDialing = false
    const isHopeless = this.connections.length === 0 && (this.waiters.wantsOwn || this.reused?.isEmpty !== false)
    if (error !== undefined && isHopeless) this.waiters.refuse(error)
    this.dialError = isHopeless ? undefined : error
    this.changed()
  }

  // ------------------------------------------------------------------ HTTP/2

  private add(connection: Http2Connection<Response>): void {
    this.scopes.add(connection)
    if (this.context.isClosed()) return this.discard(connection)
    this.http1Until = Number.NEGATIVE_INFINITY
    this.context.options.stats.connections++
    this.connections.push(connection)
    connection.expireAt(this.context.expiry())
    this.context.reusable?.add(connection)
    this.onCapacity(connection)
  }

  onCapacity(connection: Http2Connection<Response>): void {
    this.dialError = undefined
    this.assumed = connection.limit ?? this.assumed
    if (!connection.serves(this.origin) || (connection.isIdle && connection.isSupersededFor(this.origin)))
      connection.retire()
    if (connection.isDraining) {
      this.remove(connection)
      if (connection.isDrained) this.discard(connection)
      this.changed()
    } else if (!this.waiters.isEmpty) this.serve()
  }

  private remove(connection: Http2Connection<Response>): void {
    const index = this.connections.indexOf(connection)
    if (index < 0) return
    this.connections.splice(index, 1)
    this.context.reusable?.remove(connection)
    this.context.options.stats.connections--
  }

  private discard(connection: Http2Connection<Response>): void {
    if (connection.isEnded) return
    this.remove(connection)
    this.closings.begin((done) => {
      connection.end(() => {
        this.scopes.delete(connection)
        done()
      })
      return undefined
    })
  }

  isReady(connection: Http2Connection<Response>): boolean {
    const { options, skin } = this.context
    if (connection.hasExpiry && connection.hasExpired(this.now)) this.renew()
    if (!connection.isIdle || connection.lastReceivedAt > this.now - options.probeAfter) return true
    this.ongoing.begin((done) =>
      connection.probe(options.probeTimeout, skin.timer, (isAlive) => {
        this.probed(connection, isAlive)
        done()
      })
    )
    return false
  }

  /** Opens a connection in the place of those that are too old; they are used until there is one. */
  private renew(): void {
    if (this.isRenewing || this.isDialing || this.context.isClosed()) return
    this.isRenewing = true
    this.ongoing.begin((done) =>
      this.dial((error) => {
        this.renewed(error === undefined)
        done()
      })
    )
  }

  private renewed(isDone: boolean): void {
    const { expiry, options } = this.context
    this.isRenewing = false
    for (const connection of [...this.connections]) {
      if (!connection.hasExpired(this.now)) continue
      if (!isDone) {
        // It goes on, until the next try.
        connection.expireAt(expiry())
        continue
      }
      options.stats.aged++
      connection.retire()
      connection.changed()
    }
  }

  private probed(connection: Http2Connection<Response>, isAlive: boolean): void {
    if (!isAlive) this.context.options.stats.probesFailed++
    if (!isAlive) this.discard(connection)
    connection.changed()
  }

  /** Something has changed on a connection of another origin. */
  private reusedChanged(isGone: boolean): void {
    this.dialError = undefined
    if (isGone) this.changed()
    else if (!this.waiters.isEmpty) this.serve()
  }

  /** `connection`, which is another origin's, has answered 421: no request of this one goes over it again. */
  misdirected(connection: Connection<Response>): void {
    this.context.options.stats.misdirected++
    if (connection instanceof Http2Connection) connection.misdirect(this.origin)
  }

  // ------------------------------------------------------------------ HTTP/1.1

  private learnHttp1(opened: OpenedSocket): void {
    this.http1Until = this.now + this.context.options.rememberProtocol
    this.http1 ??= this.openHttp1()
    this.http1.adopt(opened)
  }

  private openHttp1(): Http1Connections<Response> {
    const { expiry, options, proxyHeaders, skin } = this.context
    return new Http1Connections<Response>({
      timer: skin.timer,
      limits: options.http1,
      maxConnections: options.maxHttp1Connections,
      idleTimeout: options.idleTimeout,
      expiry,
      onAged: () => {
        options.stats.aged++
      },
      open: (done) => {
        options.stats.dials++
        return skin.dial(this.origin, ["http/1.1"], done)
      },
      toResponse: skin.toResponse,
      proxyHeaders: proxyHeaders(this.origin),
      onExceeded: () => {
        options.stats.http1LimitsExceeded++
      },
      onChange: () => this.changed(),
      onConnections: (change) => {
        options.stats.http1Connections += change
      }
    })
  }

  // ------------------------------------------------------------------ the end

  /** Whether nothing is open, nothing is going on, and nothing worth knowing is known. */
  get isIdle(): boolean {
    return (this.isPlain || !this.isHttp1) && this.isQuiet
  }

  get isQuiet(): boolean {
    const { closings, http1, ongoing, reused, scopes, waiters } = this
    const isUnused = http1?.isEmpty !== false && reused?.isEmpty !== false
    return isUnused && waiters.isEmpty && scopes.size === 0 && ongoing.isEmpty && closings.isEmpty
  }

  private changed(): void {
    this.serve()
    if (this.isIdle) this.context.onIdle(this)
  }

  /** Ends everything: what waits and what is open fails. `done` is told behind that. */
  close(done: () => void): void {
    const { closings, ongoing } = this
    this.waiters.refuse(closed())
    for (const connection of this.scopes) this.discard(connection)
    ongoing.cancel()
    ongoing.whenEmpty(() => {
      this.http1?.close()
      closings.whenEmpty(done)
    })
  }

  private get now(): number {
    return this.context.skin.timer.now()
  }
}
