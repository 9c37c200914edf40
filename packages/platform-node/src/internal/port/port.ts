/**
 * One port for whatever its clients speak: a connection is HTTP/2 by ALPN, by prior knowledge or by `Upgrade: h2c`, or it is HTTP/1.1, and
 * each leads to the application that is served at the time. Made by `NodeHttp2Server.make`.
 */
import * as Http2Server from "@effect-http2/http2/Http2Server"
import type { Transport } from "@effect-http2/http2/Transport"
import { switchingProtocols } from "@effect-http2/node/http1/h2cUpgrade"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { destroySocket, fromOpenSocket } from "../socket/socketTransport.js"
import * as Application from "../server/application.js"
import { CurrentLimits } from "../server/boundedSocket.js"
import { type WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import { http2Only } from "../socket/front.js"
import { fromRequest } from "./h2cUpgrade.js"
import type { Http1, Http1Connections } from "../http1/http1.js"
import * as Http1Application from "../http1/http1Application.js"
import type { Connections } from "../socket/connections.js"
import { type Ending, Endings } from "../socket/endings.js"
import { type Keeper, sniff } from "../socket/sniff.js"

/** What the connections of a port have in common. */
export interface PortOptions {
  readonly http2: Http2Server.ServerOptions
  /** The path of the unix socket that is listened at. */
  readonly path: string | undefined
  readonly upgradeH2c: boolean
  readonly webSocketLimits: WebSocketLimits
  /** How long a client may take to show what it speaks, in ms. */
  readonly sniffTimeout: number
  /** Octets of the bodies that are read whole, where the application says nothing else. */
  readonly maxBodySize: FileSystem.SizeInput | undefined
  /** How long requests in flight may take at the end. */
  readonly drainTimeout: Duration.DurationInput
}

/** How a connection goes on as one of HTTP/2. */
type Upgrade = (transport: Transport) => Transport

/** An application that is served, from `serve` to the end of its scope. */
class Served {
  isDraining = false
  /** Connections that end with it: those of HTTP/2, each in its own time, and those that have said nothing yet. */
  private readonly endings = new Endings()

  constructor(
    private readonly acceptor: Http2Server.Acceptor<never, never>,
    private readonly options: PortOptions,
    private readonly http1: Http1Connections | undefined
  ) {}

  connect(socket: Net.Socket, connections: Connections<never>): void {
    const { http1 } = this
    const { sniffTimeout } = this.options
    const keeper = this.keeperWith(connections)
    if (http1 === undefined) {
      return http2Only(socket, sniffTimeout, connections, keeper, () => this.serveHttp2(socket, connections, undefined))
    }
    sniff(socket, sniffTimeout, keeper, (protocol) => {
      if (protocol === "h2") this.serveHttp2(socket, connections, undefined)
      else if (protocol === undefined) socket.destroy()
      else this.serveHttp1(socket, connections, http1)
    })
  }

  /** The listener and the application: who ends first ends the connection. */
  private keeperWith(connections: Connections<never>): Keeper {
    return {
      keep: (ending) => {
        connections.keep(ending)
        this.endings.add(ending)
      },
      forget: (ending) => {
        connections.forget(ending)
        this.endings.delete(ending)
      }
    }
  }

  private serveHttp2(socket: Net.Socket, connections: Connections<never>, upgrade: Upgrade | undefined): void {
    const { path } = this.options
    const accept = (): Http2Server.Served => {
      const transport = fromOpenSocket(socket, path === undefined ? undefined : { local: path })
      return this.acceptor.accept(upgrade === undefined ? transport : upgrade(transport))
    }
    const served = connections.serve(socket, accept, (served) => this.endings.delete(served))
    if (served !== undefined && !served.isFinished) this.endings.add(served)
  }

  /** Until the connection has closed, or goes on as one of HTTP/2. */
  private serveHttp1(socket: Net.Socket, connections: Connections<never>, http1: Http1Connections): void {
    const ending: Ending = { end: () => destroySocket(socket) }
    const onClose = (): void => connections.forget(ending)
    connections.keep(ending)
    socket.once("close", onClose)
    http1.accept(socket, (request, head) => {
      const isAllowed = this.options.upgradeH2c && !this.isDraining && !(socket instanceof Tls.TLSSocket)
      const upgrade = isAllowed ? fromRequest(request) : undefined
      if (upgrade === undefined) return false
      socket.off("close", onClose)
      connections.forget(ending)
      socket.write(switchingProtocols)
      if (head.length > 0) socket.unshift(head)
      // Once HTTP/1.1 has let go of the socket.
      queueMicrotask(() => this.serveHttp2(socket, connections, upgrade))
      return true
    })
  }

  /** Requests in flight finish, up to the time that they have; new ones are refused. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() => {
    this.isDraining = true
    return Effect.all(
      [this.endings.endAll, this.http1 === undefined ? Effect.void : this.http1.drain(this.options.drainTimeout)],
      { concurrency: "unbounded", discard: true }
    )
  })
}

export class Port {
  /** The applications that are served, of which the latest has the connections. */
  private readonly applications: Array<Served> = []
  /** Who has connected before the first application: they begin with it. Undefined from then on. */
  private waiting: Set<() => void> | undefined = new Set()

  constructor(
    private readonly options: PortOptions,
    private readonly http1: Http1 | undefined
  ) {}

  private get latest(): Served | undefined {
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

  /** What `HttpServer.serve` is. The end of the scope drains all connections, while what the application needs is still there. */
  readonly serve = (
    httpApp: HttpApp.Default<unknown>,
    middleware?: HttpMiddleware.HttpMiddleware
  ): Effect.Effect<void, never, Scope.Scope> => {
    const { http1, options } = this
    const attach = (served: Served): Effect.Effect<void, never, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.sync(() => {
          this.applications.push(served)
          const waiting = this.waiting ?? []
          this.waiting = undefined
          for (const begin of waiting) begin()
        }),
        () =>
          Effect.suspend(() => {
            this.applications.splice(this.applications.indexOf(served), 1)
            return served.drain
          })
      )
    return Effect.gen(function* () {
      const connections =
        http1 === undefined
          ? undefined
          : http1.connectionsOf(
              yield* withMaxBodySize(
                Http1Application.make(httpApp, middleware, options.webSocketLimits),
                options.maxBodySize
              )
            )
      const application = yield* Effect.provideService(
        Application.make(httpApp, middleware, options.maxBodySize),
        CurrentLimits,
        options.webSocketLimits
      )
      const { handler, policy } = application
      // What is wrong with the options, who listens has found.
      const acceptor = yield* Effect.orDie(Http2Server.acceptor(handler, { ...options.http2, handlerPolicy: policy }))
      yield* attach(new Served(acceptor, options, connections))
    })
  }
}

/** `effect` with the limit that the bodies of requests have, where the user has not set one. */
const withMaxBodySize = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  maxBodySize: FileSystem.SizeInput | undefined
): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(effect, (context: Context.Context<R>) =>
    maxBodySize === undefined || context.unsafeMap.has(HttpIncomingMessage.MaxBodySize.key)
      ? context
      : Context.add(context, HttpIncomingMessage.MaxBodySize, Option.some(FileSystem.Size(maxBodySize)))
  )
