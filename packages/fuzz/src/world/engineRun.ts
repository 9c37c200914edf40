/**
 * One engine in a world, from its first octet to the last thing it leaves: what is sent to it, what it sends, and that nothing remains. The two
 * roles are in serverRun.ts and clientRun.ts.
 */
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import type { Settings } from "@effect-http2/http2/Settings"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { Fault } from "@effect-http2/testkit/fault"
import { expect, Finding } from "../finding.js"
import { Wiretap } from "@effect-http2/testkit/tap/wiretap"
import type { RawFrame } from "@effect-http2/testkit/rawFrame"
import { Pipe } from "@effect-http2/testkit/pipe"
import type { World } from "./world.js"

/** Longer than all that the engine waits for, one after the other: ms. */
export const forever = 3_600_000

/** What handlers that were told to fail leave in the log, and those whose response the peer says that it does not take. */
const isAskedFor = (line: string): boolean => line.includes("asked for on") || line.includes("the peer accepts")

export abstract class EngineRun {
  /** The one that was made last: its frames are what a finding is read by. */
  static last: EngineRun | undefined = undefined
  readonly pipe: Pipe
  readonly tap: Wiretap
  readonly stats = Http2Stats.make()
  abstract readonly connection: Http2Connection.Http2Connection
  protected readonly scope: Scope.CloseableScope
  /** How the connection ended; undefined while it has not. */
  ending: Exit.Exit<void, Http2Error.Http2Error> | undefined = undefined

  constructor(
    readonly world: World,
    role: "client" | "server",
    /** The option: octets of DATA that may lie unread. */
    readonly connectionWindowSize = Http2Options.defaults.connectionWindowSize
  ) {
    EngineRun.last = this
    world.clear()
    this.pipe = new Pipe((task) => world.turns.defer(task))
    this.tap = new Wiretap(role)
    this.scope = Effect.runSync(Scope.make())
  }

  /** Acquires the engine in the run's scope. */
  protected acquire<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): A {
    const exit = this.world.runNow(Scope.extend(effect, this.scope))
    if (Exit.isFailure(exit)) throw new Finding("defect", `no engine: ${exit.cause.toString()}`)
    return exit.value
  }

  protected watchEnd(): void {
    this.world.fork(
      Effect.map(Effect.exit(this.connection.awaitClosed), (exit) => {
        this.ending = exit
      })
    )
  }

  /** One read for the engine. It runs until it has nothing left to do. Returns what it sent. */
  send(octets: Uint8Array): ReadonlyArray<RawFrame> {
    this.pipe.send(octets)
    this.world.run()
    return this.collect()
  }

  /** What the engine has sent since the last time. */
  collect(): ReadonlyArray<RawFrame> {
    const frames = this.received()
    const error = this.tap.connectionError
    if (error !== undefined && error.reason.includes("a defect of this library")) {
      const cause = this.ending !== undefined && Exit.isFailure(this.ending) ? this.ending.cause : undefined
      throw new Finding("defect", `${error.reason} ${cause?.toString() ?? ""}`)
    }
    const line = this.world.lines.find((line) => !isAskedFor(line))
    if (line !== undefined) throw new Finding("defect", `logged: ${line}`)
    return frames
  }

  private received(): ReadonlyArray<RawFrame> {
    try {
      return this.tap.received(this.pipe.take())
    } catch (error) {
      throw error instanceof Fault ? new Finding("output", error.message, { cause: error }) : error
    }
  }

  /** The engine's user changes its settings. */
  updateSettings(changes: Partial<Settings>): void {
    this.world.fork(Effect.ignore(this.connection.updateSettings(changes)))
    this.collect()
  }

  advance(ms: number): ReadonlyArray<RawFrame> {
    this.world.advance(ms)
    return this.collect()
  }

  get isClosed(): boolean {
    return this.pipe.isClosed
  }

  private get left(): Readonly<Record<string, number>> {
    const { activeHandlers, activeStreams, connections } = Http2Stats.snapshot(this.stats)
    return {
      activeHandlers,
      activeStreams,
      connections,
      streams: this.connection.activeStreams,
      // DATA that ends the connection is never read.
      unreadOctets: this.tap.connectionError === undefined ? this.connection.unreadOctets : 0,
      fibers: this.world.fibers.running.size
    }
  }

  /** The connection comes to its end by itself, nobody saying anything any more. */
  expectEnd(): void {
    const isOver = this.world.advanceUntil(() => this.isClosed, forever)
    this.collect()
    expect(isOver, "hang", () => `the connection is not closed: ${JSON.stringify(this.left)}`)
  }

  private closing: Fiber.RuntimeFiber<void> | undefined = undefined

  /** The end of the engine's scope begins. */
  beginClose(): Fiber.RuntimeFiber<void> {
    return (this.closing ??= this.world.fork(Scope.close(this.scope, Exit.void)))
  }

  /** The end of the engine's scope: it closes what is open, and nothing of it remains. */
  close(): void {
    const closing = this.beginClose()
    const isOver = this.world.advanceUntil(() => closing.unsafePoll() !== null, forever)
    this.collect()
    expect(isOver, "hang", () => `the scope does not end: ${JSON.stringify(this.left)}`)
    expect(this.isClosed, "leak", () => "the transport is not closed")
    // Users that pause come back first.
    this.world.advanceUntil(() => this.world.fibers.running.size === 0, forever)
    this.collect()
    const { left } = this
    expect(
      Object.values(left).every((count) => count === 0),
      "leak",
      () => JSON.stringify(left)
    )
  }
}
