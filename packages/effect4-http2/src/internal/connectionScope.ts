/**
 * The connection's scope: acquiring it sends the preface and forks the receiver, its end closes the connection, gracefully or at once, and waits for the
 * transport. It holds the engine, the transport and the timer together (RFC 9113 §3.4, §5.4.1, §6.8). The receiver is the one fiber of a connection; another
 * runs while the transport ends. Acquired by Http2Client.ts and Http2Server.ts.
 */
import { Connection, type Holder } from "@effect-http2/engine/connection/connection"
import type { Alarm } from "@effect-http2/engine/connection/hostTimer"
import type { Role } from "@effect-http2/engine/connection/role"
import type { Rounds } from "@effect-http2/engine/connection/turn"
import { LocalSettings } from "@effect-http2/engine/settings/localSettings"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type * as Frame from "../Frame.js"
import { Http2Connection } from "../Http2Connection.js"
import type * as Http2Options from "../Http2Options.js"
import type * as Http2Stats from "../Http2Stats.js"
import type { Settings } from "../Settings.js"
import type { Transport } from "../Transport.js"
import { makeAlarm } from "./alarm.js"
import { Body } from "./bodies.js"
import { meterOf } from "./metrics.js"
import { receive } from "./receiver.js"
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

/** A connection that runs, and what ends it. */
export class ConnectionScope implements Holder {
  readonly connection: Http2Connection
  private readonly engine: Connection
  private readonly alarm: Alarm
  /** Forks with the context that the connection was acquired in. */
  private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Open once the connection has ended and its transport is closed. */
  private readonly gone = Latch.makeUnsafe(false)
  private receiver: Fiber.Fiber<void> | undefined = undefined

  constructor(
    private readonly transport: Transport,
    private readonly config: Config,
    role: Role,
    context: Context.Context<never>
  ) {
    const clock = Context.get(context, Clock.Clock)
    this.fork = Effect.runForkWith(context)
    this.alarm = makeAlarm(clock, () => this.engine.checkDeadlines())
    this.engine = new Connection(
      {
        peer: transport.peer,
        output: transport,
        timer: this.alarm,
        holder: this,
        makeWindow,
        makeInbox: (owner) => new Body(owner, this.engine.settings.announced.initialWindowSize),
        rounds: config.rounds,
        meter: meterOf(role.isServer ? "server" : "client", context, config.metrics)
      },
      role,
      config.options,
      new LocalSettings(config.settings),
      config.stats,
      () => clock.currentTimeMillisUnsafe()
    )
    this.connection = new Http2Connection(this.engine)
    this.engine.start(config.announcements, () => {
      this.receiver = this.fork(receive(transport, this.engine))
    })
    // Where the transport had ended before.
    if (this.engine.isClosed && this.receiver !== undefined) this.endTransport(this.receiver)
  }

  /** Ends the connection, and completes when its transport is closed. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    if (this.config.drainAtEnd) this.engine.closeGracefully()
    else this.engine.closeNow()
    return this.gone.await
  })

  /** The engine says that the connection has ended. */
  ended(): void {
    this.connection.settle()
    if (this.receiver !== undefined) this.endTransport(this.receiver)
  }

  /** The engine says that the peer has had its time: what `endTransport` waits for is over when the transport closes. */
  released(): void {
    this.fork(this.transport.close)
  }

  /** Ends our side and reads on to the end of the peer's: closing at once could take away from it what we said last. */
  private endTransport(receiver: Fiber.Fiber<void>): void {
    const { alarm, fork, gone, transport } = this
    fork(
      Effect.gen(function* () {
        yield* transport.end
        yield* Fiber.await(receiver)
        alarm.stop()
        yield* transport.close
      })
    ).addObserver(() => gone.openUnsafe())
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
      Effect.map(Effect.context(), (context) => new ConnectionScope(transport, config, role, context)),
      (scope) => scope.end
    ),
    ({ connection }) => connection
  )
