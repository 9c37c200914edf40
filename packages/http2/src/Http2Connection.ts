/**
 * A connection as its user holds it: what can be seen of it and done to it (RFC 9113 §5.4.1, §6.5, §6.7, §6.8).
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Http2Error from "./Http2Error.js"
import type { Connection } from "@effect-http2/engine/connection/connection"
import { updateSettings } from "@effect-http2/engine/connection/sendSettings"
import { fromEvents } from "./internal/events.js"
import type { Settings } from "./Settings.js"
import type { Peer } from "./Transport.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/http2/Http2Connection")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * One HTTP/2 connection, of either role.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2Connection {
  constructor(
    /** @internal */
    readonly engine: Connection
  ) {}

  get [TypeId](): TypeId {
    return TypeId
  }

  /** Made for the first fiber that waits for the end. */
  private closed: Deferred.Deferred<void, Http2Error.Http2Error> | undefined = undefined

  /** Completes when the connection has ended: with success where it ended cleanly, else with the error that ended it. */
  get awaitClosed(): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const closed = (this.closed ??= Deferred.unsafeMake<void, Http2Error.Http2Error>(FiberId.none))
      if (this.engine.status === "closed") this.settle()
      return Deferred.await(closed)
    })
  }

  /**
   * The connection has ended.
   *
   * @internal
   */
  settle(): void {
    const { closed, engine } = this
    if (closed === undefined) return
    Deferred.unsafeDone(closed, engine.error === undefined ? Effect.void : Effect.fail(engine.error))
  }

  get peer(): Peer {
    return this.engine.peer
  }

  /** Streams that are open, those that were reset and still wait for the peer to know among them. */
  get activeStreams(): number {
    return this.engine.table.size
  }

  /** Whether no new streams are taken: GOAWAY was sent or received, or the connection has ended. */
  get isDraining(): boolean {
    return this.engine.isDraining
  }

  /** Since when, in ms of the clock, nothing has come from the peer. */
  get lastReceivedAt(): number {
    return this.engine.lastReceivedAt
  }

  /** Whether the peer's first SETTINGS have come. */
  get hasRemoteSettings(): boolean {
    return this.engine.hasRemoteSettings
  }

  /** The settings that the peer announced; the initial ones before it did. */
  get remoteSettings(): Settings {
    return this.engine.remoteSettings
  }

  /** The settings that we announced. */
  get localSettings(): Settings {
    return this.engine.settings.announced
  }

  /**
   * The origins that the server answers for on this connection, in their ASCII serialization (RFC 8336 §2.3). Undefined before it has sent an ORIGIN
   * frame, and at a server. A 421 takes the origin of its request out.
   */
  get originSet(): ReadonlySet<string> | undefined {
    return this.engine.role.origins?.set
  }

  /**
   * `originSet` as it is, once it is there, and as it is after each change; who is slow misses what lies between. Ends with the connection, and fails
   * where that failed. Empty at a server.
   */
  get originSetChanges(): Stream.Stream<ReadonlySet<string>, Http2Error.Http2Error> {
    return Stream.suspend(() => {
      const { origins } = this.engine.role
      if (origins === undefined) return Stream.empty
      let seen = 0
      return fromEvents(this.engine, origins.whenChanged, () => {
        if (origins.version === seen) return undefined
        seen = origins.version
        return new Set(origins.set)
      })
    })
  }

  /**
   * Octets of the connection's receive window that lie in the bodies of streams: arrived, and not read. 0 when all was read or dropped.
   */
  get unreadOctets(): number {
    return this.engine.receiveWindow.outstanding
  }

  /** Whether these are nearly all of the window: the bodies of other streams have no room then, until one of those is read or dropped. */
  get isWindowHeld(): boolean {
    return this.engine.receiveWindow.isHeld
  }

  /** Waits for the peer's first SETTINGS (§3.4). Fails when the connection ends before. */
  get awaitSettings(): Effect.Effect<Settings, Http2Error.Http2Error> {
    return Effect.async((resume) => {
      const { engine } = this
      if (engine.hasRemoteSettings) return resume(Effect.succeed(engine.remoteSettings))
      engine.whenSettled.add(() => resume(Effect.sync(() => engine.remoteSettings)))
      engine.onEnd(() => resume(Effect.suspend(() => Effect.fail(engine.error ?? Http2Error.connectionClosed()))))
    })
  }

  /** Sends a PING (§6.7) and waits for its acknowledgement. Succeeds with the round-trip time. */
  get ping(): Effect.Effect<Duration.Duration, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const { engine } = this
      if (engine.status === "closed") return Effect.fail(engine.error ?? Http2Error.connectionClosed())
      const acknowledged = Effect.async<Duration.Duration>((resume) => {
        engine.ping((roundTrip) => resume(Effect.succeed(Duration.millis(roundTrip))))
      })
      return Effect.raceFirst(acknowledged, this.ended)
    })
  }

  /** Fails when the connection ends. */
  private get ended(): Effect.Effect<never, Http2Error.Http2Error> {
    return Effect.zipRight(
      this.awaitClosed,
      Effect.suspend(() => Effect.fail(Http2Error.connectionClosed()))
    )
  }

  /**
   * Changes settings of ours on the open connection: sends SETTINGS (§6.5) with what `changes` changes, and completes when the peer has acknowledged
   * it. Until then the peer may go by what it knows: what becomes larger holds at once, what becomes smaller from the acknowledgement on.
   * Interruption only stops the waiting.
   *
   * - `maxConcurrentStreams`: streams that are open go on; those beyond the limit are refused. 0, for a short time, lets none in (§6.5.2).
   * - `initialWindowSize`: the windows of open streams too, by the difference; they can fall below zero (§6.9.2).
   * - `headerTableSize`, `maxFrameSize`, `maxHeaderListSize`: as the options of the same name. Of a section that becomes larger, the block before
   *   decompression is still bound by the option `maxHeaderBlockSize`.
   * - `enablePush`: a client's. `enableConnectProtocol`: a server's, and not to be taken back (RFC 8441 §3). `noRfc7540Priorities` stays (RFC 9218 §2.1).
   *
   * Fails with a `StreamError` of origin `User`, and sends nothing, for what is out of bounds (§6.5.2) or not this role's to change, and when the
   * connection ends first: with SETTINGS_TIMEOUT, for instance, after `settingsTimeout`.
   */
  updateSettings(changes: Partial<Settings>): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const { engine } = this
      if (engine.status === "closed") return Effect.fail(engine.error ?? Http2Error.connectionClosed())
      const acknowledged = Deferred.unsafeMake<void>(FiberId.none)
      try {
        updateSettings(engine, changes, () => Deferred.unsafeDone(acknowledged, Effect.void))
      } catch (error) {
        return Http2Error.isHttp2Error(error) ? Effect.fail(error) : Effect.die(error)
      }
      return Effect.raceFirst(Deferred.await(acknowledged), this.ended)
    })
  }

  /**
   * Closes gracefully (§6.8): no new streams; those that are open finish, up to `gracefulShutdownTimeout`, then they are reset. Completes when the
   * connection has ended. Interruption only stops the waiting.
   */
  get shutdown(): Effect.Effect<void> {
    return Effect.async((resume) => {
      const { engine } = this
      engine.closeGracefully()
      engine.onEnd(() => resume(Effect.void))
    })
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Connection = (u: unknown): u is Http2Connection => Predicate.hasProperty(u, TypeId)
