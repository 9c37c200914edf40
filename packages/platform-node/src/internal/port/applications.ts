/**
 * Who has the connections of a port: the application that was served last. Used by port.ts and NodeHttp2.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import type { Connections } from "../socket/connections.js"
import type { Ending } from "../socket/endings.js"
import { destroySocket } from "../socket/socketTransport.js"

/** An application that is served. */
export interface Application {
  /** A connection was accepted for it. */
  connect(socket: Net.Socket, connections: Connections<never>): void
  /** Ends its connections: requests in flight finish, up to the time that they have. */
  readonly drain: Effect.Effect<void>
}

export class Applications {
  /** The applications that are served, of which the latest has the connections. */
  private readonly applications: Array<Application> = []
  /** Who has connected before the first application: they begin with it. Undefined from then on. */
  private waiting: Set<() => void> | undefined = new Set()

  private get latest(): Application | undefined {
    return this.applications.at(-1)
  }

  /** For each connection that is accepted. One that comes when there is no application any more is closed. */
  readonly connect = (socket: Net.Socket, connections: Connections<never>): void => {
    const { latest, waiting } = this
    if (latest !== undefined) return latest.connect(socket, connections)
    if (waiting === undefined) return void socket.destroy()
    const ending: Ending = { end: () => destroySocket(socket) }
    const leave = (): void => {
      waiting.delete(begin)
      socket.off("close", leave)
      connections.forget(ending)
    }
    const begin = (): void => {
      leave()
      this.latest?.connect(socket, connections)
    }
    waiting.add(begin)
    socket.on("close", leave)
    connections.keep(ending)
  }

  /** Serves `application`. The end of the scope drains its connections. */
  serve(application: Application): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        this.applications.push(application)
        const waiting = this.waiting ?? []
        this.waiting = undefined
        for (const begin of waiting) begin()
      }),
      () =>
        Effect.suspend(() => {
          this.applications.splice(this.applications.indexOf(application), 1)
          return application.drain
        })
    )
  }
}
