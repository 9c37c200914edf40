/**
 * A connection as a scoped resource: acquiring it sends the preface and starts reading, the end of its scope closes it. It holds the engine, the
 * transport and time together (RFC 9113 §3.4, §5.4.1, §6.8, §9.1).
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Frame from "./Frame.js"
import * as Http2Error from "./Http2Error.js"
import type * as Http2Options from "./Http2Options.js"
import type * as Http2Stats from "./Http2Stats.js"
import { Connection } from "@effect-http2/engine/connection/connection"
import type { Role } from "@effect-http2/engine/connection/role"
import { Deadlines } from "@effect-http2/engine/connection/deadlines"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { LocalSettings } from "@effect-http2/engine/settings/localSettings"
import { Body } from "./internal/bodies.js"
import { receive } from "./internal/receiver.js"
import { sendPreface, updateSettings } from "@effect-http2/engine/connection/sendSettings"
import { closeGracefully, closeNow } from "./internal/shutdown.js"
import { Watcher } from "./internal/watcher.js"
import { makeWindow } from "./internal/windows.js"
import * as InterruptibleRuntime from "./InterruptibleRuntime.js"
import type { Settings } from "./Settings.js"
import type { Peer, Transport } from "./Transport.js"

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

  /** There once somebody waits for the end. */
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
   * Octets of the connection's receive window that lie in the bodies of streams: arrived, and not read. 0 when all was read or dropped.
   */
  get unreadOctets(): number {
    return this.engine.receiveWindow.outstanding
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
   * connection has ended.
   */
  get shutdown(): Effect.Effect<void> {
    return Effect.suspend(() => closeGracefully(this.engine))
  }
}

/**
 * What a role gives to a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Config {
  readonly options: Http2Options.Resolved
  /** What we announce. */
  readonly settings: Settings
  readonly stats: Http2Stats.Http2Stats
  /** How the end of the scope closes the connection: once all streams are done, or at once. */
  readonly drainAtEnd: boolean
  /** What goes out right behind the preface. */
  readonly announcements?: ReadonlyArray<Frame.Frame>
}

/** A connection that runs, and what ends it. */
export class Running {
  constructor(
    readonly connection: Http2Connection,
    private readonly drainAtEnd: boolean,
    private readonly watcher: Watcher,
    private readonly reader: Fiber.RuntimeFiber<void>
  ) {}

  /** Whether the connection has ended and its transport is closed. */
  get isGone(): boolean {
    return this.watcher.isGone
  }

  /** Calls `listener` once the connection has ended and its transport is closed, at once where it is. */
  onGone(listener: () => void): void {
    this.watcher.onGone(listener)
  }

  /** Ends the connection, and completes when its transport is closed. */
  readonly end = (): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { connection, drainAtEnd, reader, watcher } = this
      const gone = Effect.async<void>((resume) => watcher.onGone(() => resume(Effect.void)))
      const rest = Effect.zipRight(gone, Effect.asVoid(Fiber.interrupt(reader)))
      if (drainAtEnd) return Effect.zipRight(closeGracefully(connection.engine), rest)
      closeNow(connection.engine)
      return rest
    })
}

/**
 * Starts a connection over `transport`: its receiver is the one fiber that it has, forked from `runtime`. Plain code, since a server does it for each
 * client that connects.
 *
 * @internal
 */
export const start = (
  transport: Transport,
  config: Config,
  role: Role,
  runtime: Runtime.Runtime<never>,
  clock: Clock.Clock
): Running => {
  const engine: Connection = new Connection(
    {
      peer: transport.peer,
      output: transport,
      makeWindow,
      makeInbox: (owner) => new Body(owner, engine.settings.announced.initialWindowSize)
    },
    role,
    config.options,
    new LocalSettings(config.settings),
    config.stats,
    () => clock.unsafeCurrentTimeMillis(),
    () => connection.settle()
  )
  const connection = new Http2Connection(engine)
  sendPreface(engine)
  if (config.announcements !== undefined) for (const frame of config.announcements) engine.outbox.control(frame)
  engine.outbox.flush()
  const decoder = new FrameDecoder(
    engine.settings.maxFrameSize,
    role.isServer,
    true,
    role.extensionLimits(config.options)
  )
  const deadlines = new Deadlines(engine, decoder)
  const reader = Runtime.runFork(runtime)(receive(transport, engine, decoder, deadlines))
  const watcher = new Watcher(engine, deadlines, transport, reader, runtime, clock)
  watcher.start()
  return new Running(connection, config.drainAtEnd, watcher, reader)
}

/**
 * Acquires a connection over `transport`. The transport is ended and closed with it.
 *
 * @internal
 */
export const make = (
  transport: Transport,
  config: Config,
  role: Role
): Effect.Effect<Http2Connection, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.zipWith(InterruptibleRuntime.capture(), Effect.clock, (runtime, clock) =>
        start(transport, config, role, runtime, clock)
      ),
      (running) => running.end()
    ),
    ({ connection }) => connection
  )
