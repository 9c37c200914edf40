/**
 * The passing of time on a connection, and its end: a timer from one deadline to the next, that has what is due done, and, once the connection has ended,
 * the time that the peer has to read what was said last. No fiber runs for any of it but while the connection closes. Made by Http2Connection.ts.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type { Transport } from "../Transport.js"
import { type Alarm, makeAlarm } from "./alarm.js"
import type { Connection } from "@effect-http2/engine/connection/connection"
import { Listeners } from "@effect-http2/engine/listeners"
import type { Deadlines } from "@effect-http2/engine/connection/deadlines"
import { closeGracefully } from "./shutdown.js"

/** How long the peer may take, once the connection has ended, to read what we said last and to end its side, in ms. */
const lingerTimeout = 1000

export class Watcher {
  /** Whether the transport is closed. */
  isGone = false
  private readonly whenGone = new Listeners()
  private readonly alarm: Alarm

  constructor(
    private readonly engine: Connection,
    private readonly deadlines: Deadlines,
    private readonly transport: Transport,
    private readonly reader: Fiber.RuntimeFiber<void>,
    private readonly runtime: Runtime.Runtime<never>,
    clock: Clock.Clock
  ) {
    this.alarm = makeAlarm(clock, runtime, () => engine.attempt(() => this.check()))
  }

  /** Calls `listener` once the transport is closed, at once where it is. */
  onGone(listener: () => void): void {
    if (this.isGone) listener()
    else this.whenGone.add(listener)
  }

  start(): void {
    this.engine.onEnd(() => this.end())
    this.check()
  }

  private check(): void {
    const { engine, deadlines } = this
    // It has lingered long enough: what `end` waits for is over when the transport closes.
    if (engine.status === "closed") return void Runtime.runFork(this.runtime)(this.transport.close)
    const next = deadlines.check()
    // A deadline that was missed has ended the connection.
    if (engine.isClosed) return
    if (deadlines.isIdle) Runtime.runFork(this.runtime)(closeGracefully(engine))
    else this.alarm.set(next)
  }

  /** Ends our side and gives the peer a moment to read what we said last: closing at once could take it away from it. */
  private end(): void {
    const { alarm, reader, transport } = this
    alarm.set(lingerTimeout)
    const disconnect = transport.end.pipe(
      Effect.zipRight(Fiber.await(reader)),
      Effect.zipRight(Effect.sync(alarm.stop)),
      Effect.zipRight(transport.close)
    )
    const fiber = Runtime.runFork(this.runtime)(Effect.uninterruptible(disconnect))
    const exit = fiber.unsafePoll()
    const done = (): void => {
      this.isGone = true
      this.whenGone.notify()
    }
    if (exit === null) fiber.addObserver(done)
    else done()
  }
}
