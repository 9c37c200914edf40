/**
 * The connections to one origin, from none to as many as the options allow, and the requests that wait for a place on them. Everything here is
 * synchronous but for what dials, probes and closes, each in a fiber of its own. Made by pools.ts, called by exchange.ts and by the connections when
 * something has changed.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Borrowing } from "./borrowing.js"
import { Http1Place } from "../wire/http1Connection.js"
import { assumedStreams, Http2Place, type PlaceOwner } from "../wire/http2Connection.js"
import type { OpenedSocket, Place } from "../wire/message.js"
import { openHttp2 } from "./openHttp2.js"
import { type Obstacle, Patience } from "./patience.js"
import type { PoolContext } from "./poolContext.js"
import { closed, fromCause } from "./poolErrors.js"
import type { Origin } from "../wire/target.js"
import { Tasks } from "./tasks.js"
import { type Waiter, WaitingLine } from "./waitingLine.js"

export class Pool implements PlaceOwner {
  private readonly connections: Array<Http2Place> = []
  /** All that are not closed yet, those that take no more requests among them. */
  private readonly scopes = new Set<Http2Place>()
  private http1: Http1Place | undefined = undefined
  /** Until when the answer "HTTP/1.1" holds. */
  private http1Until = Number.NEGATIVE_INFINITY
  private readonly line: WaitingLine
  private readonly patience: Patience
  /** Connections of other origins. */
  private readonly borrowing: Borrowing | undefined
  /** Dials and probes, which the end interrupts; and what closes connections, which it awaits. */
  private readonly tasks: Tasks
  private readonly closings: Tasks
  /** How many streams a new connection of the origin takes, as the last one said. */
  private assumed = assumedStreams
  private isDialing = false
  /** A connection is being opened in the place of one that is old. */
  private isRenewing = false
  /** A dial has failed, and those that wait hope for a connection that is open: the next dial is for who comes then, or a change there. */
  private barredBy: Http2Error.Http2Error | undefined = undefined
  /** Whether HTTP/1.1 is spoken without asking: a plain origin without prior knowledge. */
  private readonly isPlain: boolean

  constructor(
    readonly origin: Origin,
    private readonly context: PoolContext<Pool>
  ) {
    this.isPlain = !origin.isTls && !context.options.hasPriorKnowledge(origin.key)
    const { now, options, runtime } = context
    this.tasks = new Tasks(runtime, () => this.changed())
    this.closings = new Tasks(runtime, () => this.changed())
    this.line = new WaitingLine(options.maxQueued, options.stats, now, (isAnyone) =>
      isAnyone ? this.patience.begin() : this.patience.end()
    )
    this.patience = new Patience(
      origin.key,
      this.line,
      this.tasks,
      options.maxWait,
      options.stats,
      now,
      () => this.obstacle
    )
    if (this.isPlain) this.http1Until = Number.POSITIVE_INFINITY
    const { sharing } = context
    if (sharing !== undefined) this.borrowing = new Borrowing(origin, sharing, (isGone) => this.borrowed(isGone))
  }

  /** A connection that takes a request now; one of the origin's own, where it has to be. */
  find(unwanted: Place | undefined = undefined, isOwnOnly = false): Place | undefined {
    if (this.line.isAhead) return undefined
    const { connections } = this
    let best: Http2Place | undefined = undefined
    let most = 0
    for (const connection of connections) {
      if (connection === unwanted || (!isOwnOnly && connection.isSurpassedFor(this.origin))) continue
      const places = connection.places(this.assumed)
      if (places <= most || !this.isReady(connection)) continue
      if (this.context.options.policy === "fill") return connection
      best = connection
      most = places
    }
    return best ?? this.findHttp1() ?? (isOwnOnly ? undefined : this.borrowing?.find(unwanted))
  }

  private findHttp1(): Place | undefined {
    if (!this.isHttp1 || this.context.isClosed()) return undefined
    this.http1 ??= this.openHttp1()
    return this.http1.places > 0 ? this.http1 : undefined
  }

  /** Waits for a place, behind those that wait already. */
  wait(waiter: Waiter): void {
    if (this.context.isClosed()) return waiter.onNoPlace(closed())
    this.barredBy = undefined
    if (this.line.add(waiter)) this.serve()
  }

  /** `waiter` does not want a place any more. */
  withdraw(waiter: Waiter): void {
    this.line.withdraw(waiter)
  }

  countRetry(): void {
    this.context.options.stats.retries++
  }

  /** Gives places to those that wait, and opens another connection where that does not suffice. */
  private serve(): void {
    this.line.serve((waiter) => this.find(waiter.unwanted, waiter.isOwnOnly) ?? this.lastResort(waiter))
    if (this.line.isAhead) this.grow()
  }

  /** The unwanted connection, where there cannot be another. */
  private lastResort({ isOwnOnly, unwanted }: Waiter): Place | undefined {
    const mayBeAnother = this.canGrow && this.barredBy === undefined
    return unwanted === undefined || mayBeAnother ? undefined : this.find(undefined, isOwnOnly)
  }

  private get canGrow(): boolean {
    const { isClosed, options } = this.context
    return !this.isHttp1 && !isClosed() && this.connections.length < options.maxConnections
  }

  /** Whether the origin is known to speak HTTP/1.1. */
  private get isHttp1(): boolean {
    return this.http1Until > this.context.now()
  }

  /** What keeps those waiting that do; undefined where that is a connection that is being opened or asked. */
  private get obstacle(): Obstacle | undefined {
    const { connections, context, http1 } = this
    const { maxConnections, maxHttp1Connections } = context.options
    if (this.isHttp1) {
      if (http1 === undefined || http1.places > 0) return undefined
      const reason = `all ${maxHttp1Connections} connections are in use (maxHttp1Connections), each by one request`
      return { limit: "maxHttp1Connections", reason }
    }
    const { length } = connections
    if (length >= maxConnections) {
      const reason = `as many requests as the server allows are open on each of ${length} connections (maxConnections)`
      return { limit: "maxConnections", reason }
    }
    if (connections.some((connection) => connection.isBarren))
      return { limit: undefined, reason: "the server takes no requests (SETTINGS_MAX_CONCURRENT_STREAMS is 0)" }
    const cause = this.barredBy
    if (cause !== undefined)
      return { limit: undefined, reason: `another connection could not be opened: ${cause.message}`, cause }
    return undefined
  }

  private grow(): void {
    const { limit } = this.obstacle ?? {}
    if (limit !== undefined) this.patience.limitReached(limit)
    // A connection that is being asked, or has not said yet how much it takes, may do; another one of a server that takes nothing would not.
    const borrowing = this.line.wantsOwn ? undefined : this.borrowing
    const isUnsure =
      borrowing?.isUnsure === true || this.connections.some((connection) => connection.isUnsure || connection.isBarren)
    if (this.isDialing || this.isRenewing || this.barredBy !== undefined || !this.canGrow || isUnsure) return
    const borrowed = borrowing?.borrow()
    if (borrowed === true) return this.serve()
    this.isDialing = true
    this.context.onBusy(this)
    const { dial } = this
    const connect =
      borrowed === undefined ? dial : Effect.flatMap(borrowed, (isFound) => (isFound ? Effect.void : dial))
    this.tasks.fork(
      Effect.matchCause(connect, {
        onSuccess: () => this.dialled(undefined),
        onFailure: (cause) => this.dialled(Cause.isInterruptedOnly(cause) ? closed() : fromCause(cause))
      })
    )
  }

  /** Opens a connection of the origin's own. */
  private get dial(): Effect.Effect<void, Http2Error.Http2Error> {
    const { options, sharing } = this.context
    return Effect.uninterruptibleMask((restore) => {
      options.stats.dials++
      return Effect.flatMap(restore(this.context.dial(this.origin, ["h2", "http/1.1"])), (opened) =>
        opened.protocol === "h2"
          ? Effect.map(openHttp2(opened, this.origin, options, this, sharing), (place) => this.add(place))
          : Effect.sync(() => this.learnHttp1(opened))
      )
    }).pipe(Effect.onError(() => Effect.sync(() => options.stats.dialsFailed++)))
  }

  /** Those that wait fail with the dial, unless there are connections that will have a place for them. */
  private dialled(error: Http2Error.Http2Error | undefined): void {
    this.isDialing = false
    const isHopeless = this.connections.length === 0 && (this.line.wantsOwn || this.borrowing?.isEmpty !== false)
    if (error !== undefined && isHopeless) this.line.refuse(error)
    this.barredBy = isHopeless ? undefined : error
    this.changed()
  }

  // ------------------------------------------------------------------ HTTP/2

  private add(place: Http2Place): void {
    this.scopes.add(place)
    if (this.context.isClosed()) return this.discard(place)
    this.http1Until = Number.NEGATIVE_INFINITY
    this.context.options.stats.connections++
    this.connections.push(place)
    place.expireAt(this.context.expiry())
    this.context.sharing?.add(place)
    this.capacity(place)
  }

  capacity(place: Http2Place): void {
    this.barredBy = undefined
    this.assumed = place.limit ?? this.assumed
    if (!place.serves(this.origin) || (place.isIdle && place.isSurpassedFor(this.origin))) place.retire()
    if (place.isDraining) {
      this.remove(place)
      if (place.isSpent) this.discard(place)
      this.changed()
    } else if (!this.line.isEmpty) this.serve()
  }

  private remove(place: Http2Place): void {
    const index = this.connections.indexOf(place)
    if (index < 0) return
    this.connections.splice(index, 1)
    this.context.sharing?.remove(place)
    this.context.options.stats.connections--
  }

  private discard(place: Http2Place): void {
    const end = place.end()
    if (end === undefined) return
    this.remove(place)
    this.closings.fork(
      Effect.zipRight(
        end,
        Effect.sync(() => {
          this.scopes.delete(place)
        })
      )
    )
  }

  isReady(place: Http2Place): boolean {
    const { now, options } = this.context
    if (place.hasExpiry && place.hasExpired(now())) this.renew()
    if (!place.isIdle || place.lastReceivedAt > now() - options.probeAfter) return true
    this.tasks.fork(Effect.map(place.probe(options.probeTimeout), (isAlive) => this.probed(place, isAlive)))
    return false
  }

  /** Opens a connection in the place of those that are too old; they are used until there is one. */
  private renew(): void {
    if (this.isRenewing || this.isDialing || this.context.isClosed()) return
    this.isRenewing = true
    this.tasks.fork(Effect.map(Effect.exit(this.dial), (exit) => this.renewed(Exit.isSuccess(exit))))
  }

  private renewed(isDone: boolean): void {
    const { expiry, now, options } = this.context
    this.isRenewing = false
    for (const place of [...this.connections]) {
      if (!place.hasExpired(now())) continue
      if (!isDone) {
        // It goes on, until the next try.
        place.expireAt(expiry())
        continue
      }
      options.stats.aged++
      place.retire()
      place.changed()
    }
  }

  private probed(place: Http2Place, isAlive: boolean): void {
    if (!isAlive) this.context.options.stats.probesFailed++
    if (!isAlive) this.discard(place)
    place.changed()
  }

  /** Something has changed on a connection of another origin. */
  private borrowed(isGone: boolean): void {
    this.barredBy = undefined
    if (isGone) this.changed()
    else if (!this.line.isEmpty) this.serve()
  }

  /** `place`, which is another origin's, has answered 421: no request of this one goes over it again. */
  misdirected(place: Place): void {
    this.context.options.stats.misdirected++
    if (place instanceof Http2Place) place.misdirect(this.origin)
  }

  // ------------------------------------------------------------------ HTTP/1.1

  private learnHttp1(opened: OpenedSocket): void {
    this.http1Until = this.context.now() + this.context.options.rememberProtocol
    this.http1 ??= this.openHttp1()
    this.http1.adopt(opened)
  }

  private openHttp1(): Http1Place {
    const { now, options, runtime } = this.context
    const place: Http1Place = new Http1Place({
      runtime,
      now,
      limits: options.http1,
      maxConnections: options.maxHttp1Connections,
      idleTimeout: options.idleTimeout,
      open: Effect.suspend(() => {
        options.stats.dials++
        return this.context.dial(this.origin, ["http/1.1"])
      }),
      proxyHeaders: this.context.proxyHeaders(this.origin),
      onExceeded: () => {
        options.stats.http1LimitsExceeded++
      },
      onChange: () => this.changed(),
      onConnections: (change) => {
        options.stats.http1Connections += change
      }
    })
    return place
  }

  // ------------------------------------------------------------------ the end

  /** Whether nothing is open, nothing is going on, and nothing worth knowing is known. */
  get isIdle(): boolean {
    return (this.isPlain || !this.isHttp1) && this.isQuiet
  }

  get isQuiet(): boolean {
    const { borrowing, closings, http1, line, scopes, tasks } = this
    const isUnused = http1?.isEmpty !== false && borrowing?.isEmpty !== false
    return isUnused && line.isEmpty && scopes.size === 0 && tasks.isEmpty && closings.isEmpty
  }

  private changed(): void {
    this.serve()
    if (this.isIdle) this.context.onIdle(this)
  }

  /** Ends everything: what waits and what is open fails. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.line.refuse(closed())
      for (const place of this.scopes) this.discard(place)
      return this.tasks.interrupt.pipe(
        Effect.zipRight(this.http1?.close ?? Effect.void),
        Effect.zipRight(this.closings.await)
      )
    })
  }
}
