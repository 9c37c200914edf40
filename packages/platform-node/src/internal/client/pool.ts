/**
 * The connections to one origin, from none to as many as the options allow, and the requests that wait for a place on them. Everything here is
 * synchronous but for what dials, probes and closes, each in a fiber of its own. Made by pools.ts, called by exchange.ts and by the connections when
 * something has changed.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { Http1Place } from "./http1Connection.js"
import type { Http2Place } from "./http2Connection.js"
import type { OpenedSocket, Place, Protocol } from "./message.js"
import type { Resolved } from "./options.js"
import { openHttp2 } from "./openHttp2.js"
import { closed, fromCause } from "./poolErrors.js"
import type { Origin } from "./target.js"
import { type Waiter, WaitingLine } from "./waitingLine.js"

/** How many requests are sent at once to an origin that has not said yet how many it takes; the others follow a round trip later. */
const assumedStreams = 10

/** What pools share. */
export interface PoolContext {
  readonly options: Resolved
  readonly runtime: Runtime.Runtime<never>
  readonly now: () => number
  /** Whether the client was closed. */
  readonly isClosed: () => boolean
  readonly dial: (
    origin: Origin,
    protocols: ReadonlyArray<Protocol>
  ) => Effect.Effect<OpenedSocket, Http2Error.TransportError>
  /** What a proxy that answers for the origin wants to see in each request, where there is one. */
  readonly proxyHeaders: (origin: Origin) => Readonly<Record<string, string>> | undefined
  /** The pool may be forgotten. */
  readonly onIdle: (pool: Pool) => void
}

export class Pool {
  private readonly connections: Array<Http2Place> = []
  /** All that are not closed yet, those that take no more requests among them. */
  private readonly scopes = new Set<Http2Place>()
  private http1: Http1Place | undefined = undefined
  /** Until when the answer "HTTP/1.1" holds. */
  private http1Until = Number.NEGATIVE_INFINITY
  private readonly line: WaitingLine
  /** Dials and probes, which the end interrupts; and what closes connections, which it awaits. */
  private readonly tasks = new Set<Fiber.RuntimeFiber<void>>()
  private readonly closings = new Set<Fiber.RuntimeFiber<void>>()
  /** How many streams a new connection of the origin takes, as the last one said. */
  private assumed = assumedStreams
  private isDialing = false
  /** Whether HTTP/1.1 is spoken without asking: a plain origin without prior knowledge. */
  private readonly isPlain: boolean

  constructor(
    readonly origin: Origin,
    private readonly context: PoolContext
  ) {
    this.isPlain = !origin.isTls && !context.options.hasPriorKnowledge(origin.key)
    this.line = new WaitingLine(context.options.maxQueued, context.options.stats, context.now)
    if (this.isPlain) this.http1Until = Number.POSITIVE_INFINITY
  }

  /** A connection that takes a request now. */
  find(unwanted: Place | undefined = undefined): Place | undefined {
    if (this.line.isAhead) return undefined
    const { connections } = this
    let best: Http2Place | undefined = undefined
    let most = 0
    for (const connection of connections) {
      if (connection === unwanted) continue
      const places = connection.places(this.assumed)
      if (places <= most || this.needsProbe(connection)) continue
      if (this.context.options.policy === "fill") return connection
      best = connection
      most = places
    }
    return best ?? this.findHttp1()
  }

  private findHttp1(): Place | undefined {
    if (!this.isHttp1 || this.context.isClosed()) return undefined
    this.http1 ??= this.openHttp1()
    return this.http1.places > 0 ? this.http1 : undefined
  }

  /** Waits for a place, behind those that wait already. */
  wait(waiter: Waiter): void {
    if (this.context.isClosed()) waiter.onNoPlace(closed())
    else if (this.line.add(waiter)) this.serve()
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
    this.line.serve((waiter) => this.find(waiter.unwanted) ?? this.lastResort(waiter))
    if (this.line.isAhead) this.grow()
  }

  /** The unwanted connection, where there cannot be another. */
  private lastResort({ unwanted }: Waiter): Place | undefined {
    return unwanted === undefined || this.canGrow ? undefined : this.find()
  }

  private get canGrow(): boolean {
    const { isClosed, options } = this.context
    return !this.isHttp1 && !isClosed() && this.connections.length < options.maxConnections
  }

  /** Whether the origin is known to speak HTTP/1.1. */
  private get isHttp1(): boolean {
    return this.http1Until > this.context.now()
  }

  private grow(): void {
    // A connection that is being asked, or has not said yet how much it takes, may do.
    if (this.isDialing || !this.canGrow || this.connections.some((connection) => connection.isUnsure)) return
    this.isDialing = true
    const { options } = this.context
    options.stats.dials++
    const connect = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.context.dial(this.origin, ["h2", "http/1.1"])), (opened) =>
        opened.protocol === "h2"
          ? Effect.map(
              openHttp2(opened, this.origin, options.http2, (place) => this.capacity(place)),
              (place) => this.add(place)
            )
          : Effect.sync(() => this.learnHttp1(opened))
      )
    )
    this.fork(
      Effect.matchCause(connect, {
        onSuccess: () => this.dialled(undefined),
        onFailure: (cause) => {
          options.stats.dialsFailed++
          this.dialled(Cause.isInterruptedOnly(cause) ? closed() : fromCause(cause))
        }
      })
    )
  }

  /** Those that wait fail with the dial, unless there are connections that will have a place for them. */
  private dialled(error: Http2Error.Http2Error | undefined): void {
    this.isDialing = false
    const isHopeless = error !== undefined && this.connections.length === 0
    if (isHopeless) this.line.refuse(error)
    this.changed()
  }

  // ------------------------------------------------------------------ HTTP/2

  private add(place: Http2Place): void {
    this.scopes.add(place)
    if (this.context.isClosed()) return this.discard(place)
    this.http1Until = Number.NEGATIVE_INFINITY
    this.context.options.stats.connections++
    this.connections.push(place)
    this.capacity(place)
  }

  /** Something has changed on a connection: a stream ended, the peer set another limit, or takes no more requests. */
  private capacity(place: Http2Place): void {
    this.assumed = place.limit ?? this.assumed
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
    this.context.options.stats.connections--
  }

  private discard(place: Http2Place): void {
    if (place.isClosing) return
    place.isClosing = true
    this.remove(place)
    this.fork(
      Effect.zipRight(
        Scope.close(place.scope, Exit.void),
        Effect.sync(() => {
          this.scopes.delete(place)
        })
      ),
      this.closings
    )
  }

  /** Whether it has been silent for long, and has to answer first. */
  private needsProbe(place: Http2Place): boolean {
    const { now, options } = this.context
    if (!place.isIdle || place.lastReceivedAt > now() - options.probeAfter) return false
    place.isProbing = true
    const answered = Effect.timeoutOption(place.client.connection.ping, Duration.millis(options.probeTimeout))
    this.fork(
      Effect.match(answered, {
        onFailure: () => this.probed(place, false),
        onSuccess: ({ _tag }) => this.probed(place, _tag === "Some")
      })
    )
    return true
  }

  private probed(place: Http2Place, isAlive: boolean): void {
    place.isProbing = false
    if (!isAlive) this.context.options.stats.probesFailed++
    if (!isAlive) this.discard(place)
    this.changed()
  }

  // ------------------------------------------------------------------ HTTP/1.1

  private learnHttp1(opened: OpenedSocket): void {
    this.http1Until = this.context.now() + this.context.options.rememberProtocol
    this.http1 ??= this.openHttp1()
    this.http1.adopt(opened)
  }

  private openHttp1(): Http1Place {
    const { options, runtime } = this.context
    const place: Http1Place = new Http1Place({
      runtime,
      maxConnections: options.maxHttp1Connections,
      idleTimeout: options.idleTimeout,
      open: Effect.suspend(() => {
        options.stats.dials++
        return this.context.dial(this.origin, ["http/1.1"])
      }),
      proxyHeaders: this.context.proxyHeaders(this.origin),
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
    const { closings, http1, line, scopes, tasks } = this
    return (
      line.isEmpty &&
      scopes.size === 0 &&
      tasks.size === 0 &&
      closings.size === 0 &&
      (http1 === undefined || http1.isEmpty)
    )
  }

  private changed(): void {
    this.serve()
    if (this.isIdle) this.context.onIdle(this)
  }

  private fork(effect: Effect.Effect<void>, fibers = this.tasks): void {
    const fiber = Runtime.runFork(this.context.runtime)(effect)
    fibers.add(fiber)
    fiber.addObserver(() => {
      fibers.delete(fiber)
      this.changed()
    })
  }

  /** Ends everything: what waits and what is open fails. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.line.refuse(closed())
      for (const place of this.scopes) this.discard(place)
      return Fiber.interruptAll(this.tasks).pipe(
        Effect.zipRight(this.http1?.close ?? Effect.void),
        Effect.zipRight(Effect.suspend(() => Fiber.awaitAll([...this.closings]))),
        Effect.asVoid
      )
    })
  }
}
