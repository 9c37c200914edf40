/**
 * The connections that a listening server has accepted: who takes them, the log of what went wrong with them, and the order in which it all ends. Made by
 * `NodeListener`, called by it and by who takes them.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import type { Served } from "@effect-http2/http2/Http2Server"
import { AcceptedSockets } from "@effect-http2/node/socket/acceptedSockets"
import { type Ending, Endings } from "./endings.js"
import { destroySocket } from "./socketTransport.js"

/** Connections that were closed at once since as many were open as the listener takes. */
export const connectionsRefused = Metric.counter("http2.server.connections.refused", {
  description: "Connections closed at once since maxConnections were open"
})

export class Connections<R> {
  private readonly endings = new Endings()
  readonly accepted: AcceptedSockets

  constructor(
    private readonly runtime: Runtime.Runtime<Exclude<R, Scope.Scope>>,
    take: (socket: Net.Socket, connections: Connections<R>) => void
  ) {
    this.accepted = new AcceptedSockets(
      (socket) => take(socket, this),
      (text) => {
        connectionsRefused.unsafeUpdate(1, [])
        if (text !== undefined) this.log(...text)
      }
    )
  }

  /** Counts as a connection until `forget` is called with it. */
  keep(ending: Ending): void {
    this.endings.add(ending)
  }

  forget(ending: Ending): void {
    this.endings.delete(ending)
  }

  /** A connection of HTTP/2 that `accept` starts: without a fiber beside its receiver's. */
  serve<S>(
    socket: Net.Socket,
    accept: () => Served<S>,
    onFinished?: (served: Served<S>) => void
  ): Served<S> | undefined {
    let served: Served<S>
    try {
      served = accept()
    } catch (defect) {
      socket.destroy()
      this.run(socket, Effect.die(defect))
      return undefined
    }
    this.keep(served)
    served.onFinished((error) => {
      this.forget(served)
      onFinished?.(served)
      if (error !== undefined) this.log("a connection failed", error)
    })
    return served
  }

  /** Runs an effect on a connection, in a fiber and a scope of its own. When it is done, the connection is closed. */
  run(socket: Net.Socket, effect: Effect.Effect<unknown, unknown, R>): void {
    const connection = Effect.uninterruptibleMask((restore) =>
      restore(Effect.scoped(effect)).pipe(Effect.ensuring(destroySocket(socket)), Effect.catchAllCause(logFailure))
    )
    const fiber = Runtime.runFork(this.runtime, Effect.asVoid(connection))
    const ending: Ending = { end: () => Effect.asVoid(Fiber.interrupt(fiber)) }
    this.keep(ending)
    fiber.addObserver(() => this.forget(ending))
  }

  readonly log = (message: string, error: unknown): void => this.tell(Effect.logDebug(message, error))

  /** Runs what logs. */
  tell(log: Effect.Effect<void>): void {
    Runtime.runFork(this.runtime, log)
  }

  readonly onServerError = (error: Error): void => {
    Runtime.runFork(this.runtime, Effect.logWarning("the listening socket reported an error", error))
  }

  /** Stops accepting, then ends all connections at once, each in its own time, and completes when the server has closed. */
  shutdown(server: Net.Server): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.accepted.close()
      const closed = closeServer(server)
      return Effect.zipRight(
        Effect.flatMap(Effect.fork(closed), (fiber) =>
          Effect.zipRight(
            this.endings.endAll,
            Effect.suspend(() => {
              this.accepted.destroyAll()
              return Fiber.join(fiber)
            })
          )
        ),
        Effect.sync(() => server.off("error", this.onServerError))
      )
    })
  }
}

/** Completes when all of the server's connections have closed. */
export const closeServer = (server: Net.Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
  })

const logFailure = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Cause.isInterruptedOnly(cause)
    ? Effect.void
    : Cause.defects(cause).length > 0
      ? Effect.logError("the handler of a connection died", cause)
      : Effect.logDebug("a connection failed", cause)
