/**
 * The connection's scope: acquiring it sends the preface and forks the receiver, its end closes the connection, gracefully or at once, and waits for the
 * transport. It holds the engine, the transport and the timer together (RFC 9113 §3.4, §5.4.1, §6.8). The receiver is the one fiber of a connection, which
 * ends the transport too; another ends our side of it where the peer has not ended its own. Acquired by Http2Client.ts and, for many connections alike, by Http2Server.ts.
 */
import { Connection, type Holder } from "@effect-http2/engine/connection/connection"
import type { Alarm } from "@effect-http2/engine/connection/hostTimer"
import type { Role } from "@effect-http2/engine/connection/role"
import type { Rounds } from "@effect-http2/engine/connection/turn"
import { Listeners } from "@effect-http2/engine/listeners"
import { LocalSettings } from "@effect-http2/engine/settings/localSettings"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Frame from "../Frame.js"
import { Http2Connection } from "../Http2Connection.js"
import type * as Http2Options from "../Http2Options.js"
import type * as Http2Stats from "../Http2Stats.js"
import * as InterruptibleRuntime from "../InterruptibleRuntime.js"
import type { TransportError } from "../Http2Error.js"
import type { Settings } from "../Settings.js"
import type { Transport } from "../Transport.js"
import { makeAlarm } from "./alarm.js"
import { Body } from "./bodies.js"
import { meterOf } from "./metrics.js"
import { receive } from "./receiver.js"
import { ahead } from "./trimmedRuntime.js"
import { makeWindow } from "./windows.js"

/** What a role gives to a connection. */
export interface Config {
  readonly options: Http2Options.Resolved
  /** What we announce. */
  readonly settings: Settings
  readonly stats: Http2Stats.Http2Stats
  /** The option. */
  readonly metrics: boolean | undefined
  /** How the end of the scope closes the connection: once all streams are done, or at once. */
  readonly drainAtEnd: boolean
  /** What the connections of a listener share. */
  readonly rounds?: Rounds | undefined
  /** What goes out right behind the preface. */
  readonly announcements?: ReadonlyArray<Frame.Frame> | undefined
}

/** A connection that runs, and what ends it. Plain code, since a server makes one for each client that connects. */
export class ConnectionScope implements Holder {
  readonly connection: Http2Connection
  /** Whether the connection has ended and its transport is closed. */
  isGone = false
  private readonly engine: Connection
  private readonly alarm: Alarm
  private readonly whenGone = new Listeners()
  /** Whether nothing more comes from the transport: the receiver's fiber goes on with its end. */
  private hasReadAll = false
  /** Ends our side, where that has begun before. */
  private ending: Fiber.RuntimeFiber<void> | undefined = undefined

  constructor(
    private readonly transport: Transport,
    private readonly config: Config,
    role: Role,
    private readonly runtime: Runtime.Runtime<never>,
    clock: Clock.Clock
  ) {
    this.alarm = makeAlarm(clock, runtime, () => this.engine.checkDeadlines())
    const { settings } = config
    this.engine = new Connection(
      {
        peer: transport.peer,
        output: transport,
        timer: this.alarm,
        holder: this,
        makeWindow,
        makeInbox: (owner) => new Body(owner, this.engine.settings.announced.initialWindowSize),
        rounds: config.rounds,
        meter: meterOf(role.isServer ? "server" : "client", config.metrics)
      },
      role,
      config.options,
      new LocalSettings(settings),
      config.stats,
      () => clock.unsafeCurrentTimeMillis()
    )
    this.connection = new Http2Connection(this.engine)
    this.engine.start(config.announcements, () => Runtime.runFork(runtime)(this.run()))
  }

  /** Calls `listener` once the connection has ended and its transport is closed, at once where it is. */
  onGone(listener: () => void): void {
    if (this.isGone) listener()
    else this.whenGone.add(listener)
  }

  /** Ends the connection, and completes when its transport is closed. */
  readonly end = (): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.config.drainAtEnd) this.engine.closeGracefully()
      else this.engine.closeNow()
      return Effect.async<void>((resume) => this.onGone(() => resume(Effect.void)))
    })

  /** The engine says that the connection has ended. */
  ended(): void {
    this.connection.settle()
    // Reads on to the end of the peer's side: closing at once could take away from it what we said last.
    if (!this.hasReadAll) this.ending = Runtime.runFork(this.runtime)(this.transport.end)
  }

  /** The engine says that the peer has had its time: what `run` waits for is over when the transport closes. */
  released(): void {
    Runtime.runFork(this.runtime)(this.transport.close)
  }

  /** Reads to the end of the peer's side, ends our own, and closes the transport. Nobody has its fiber to interrupt it. */
  private run(): Effect.Effect<void> {
    return Effect.flatMap(receive(this.transport, this.engine, this.onReadAll), this.endSide)
  }

  private readonly onReadAll = (error: TransportError | undefined): void => {
    this.hasReadAll = true
    if (error === undefined) this.engine.receivedEnd()
    else this.engine.close(error)
  }

  private readonly endSide = (): Effect.Effect<void> => {
    const { ending, transport } = this
    return Effect.flatMap(ending === undefined ? transport.end : Fiber.await(ending), this.closeTransport)
  }

  private readonly closeTransport = (): Effect.Effect<void> => {
    this.alarm.stop()
    return Effect.map(this.transport.close, this.leave)
  }

  private readonly leave = (): void => {
    this.isGone = true
    this.whenGone.notify()
  }
}

/** Acquires a connection over `transport`. The transport is ended and closed with it. */
export const acquire = (
  transport: Transport,
  config: Config,
  role: Role
): Effect.Effect<Http2Connection, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.zipWith(
        InterruptibleRuntime.capture(),
        Effect.clock,
        (runtime, clock) => new ConnectionScope(transport, config, role, ahead(runtime), clock)
      ),
      (scope) => scope.end()
    ),
    ({ connection }) => connection
  )
