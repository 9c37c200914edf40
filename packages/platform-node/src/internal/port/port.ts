/**
 * One port for whatever its clients speak: a connection is HTTP/2 by ALPN, by prior knowledge or by `Upgrade: h2c`, or it is HTTP/1.1, and
 * each leads to the application that is served at the time. Made by `NodeHttp2Server.make`.
 */
import * as Http2Server from "@effect-http2/http2/Http2Server"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type { Transport } from "@effect-http2/http2/Transport"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { fromOpenSocket } from "../socket/socketTransport.js"
import * as Application from "../server/application.js"
import { CurrentLimits, type WebSocketLimits } from "../server/boundedSocket.js"
import { http2Only } from "../socket/front.js"
import * as H2cUpgrade from "./h2cUpgrade.js"
import type { Http1, Http1Connections } from "../http1/http1.js"
import * as Http1Application from "../http1/http1Application.js"
import { sniff } from "../socket/sniff.js"

/** What the connections of a port have in common. */
export interface PortOptions {
  readonly http2: Http2Server.ServerOptions
  /** The path of the unix socket that is listened at. */
  readonly path: string | undefined
  readonly upgradeH2c: boolean
  readonly webSocketLimits: WebSocketLimits
  /** How long a client may take to show what it speaks. */
  readonly sniffTimeout: Duration.DurationInput
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
  /** Of connections that end when they are interrupted: those of HTTP/2, each in its own time, and those that have said nothing yet. */
  private readonly fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()

  constructor(
    private readonly application: Application.Application,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly options: PortOptions,
    private readonly http1: Http1Connections | undefined
  ) {}

  readonly connect = (socket: Net.Socket): Effect.Effect<void, Http2Error> =>
    Effect.withFiberRuntime((fiber) => {
      this.fibers.add(fiber)
      const connection =
        this.http1 === undefined
          ? http2Only(socket, this.options.sniffTimeout, this.serveHttp2(socket, undefined))
          : this.serveEither(socket, this.http1, fiber)
      const forget = Effect.sync(() => this.fibers.delete(fiber))
      return Effect.ensuring(Effect.provide(connection, this.runtime), forget)
    })

  private serveEither(
    socket: Net.Socket,
    http1: Http1Connections,
    fiber: Fiber.RuntimeFiber<unknown, unknown>
  ): Effect.Effect<void, Http2Error> {
    return Effect.flatMap(sniff(socket, this.options.sniffTimeout), (protocol) => {
      if (protocol === "h2") return this.serveHttp2(socket, undefined)
      if (protocol === undefined) return Effect.void
      this.fibers.delete(fiber)
      return Effect.flatMap(this.serveHttp1(socket, http1), (upgrade) => {
        if (upgrade === undefined) return Effect.void
        this.fibers.add(fiber)
        return this.serveHttp2(socket, upgrade)
      })
    })
  }

  private serveHttp2(socket: Net.Socket, upgrade: Upgrade | undefined): Effect.Effect<void, Http2Error> {
    const { handler, policy } = this.application
    const { http2, path } = this.options
    return Effect.suspend(() => {
      const transport = fromOpenSocket(socket, path === undefined ? undefined : { local: path })
      return Http2Server.serve(handler, { ...http2, handlerPolicy: policy })(
        upgrade === undefined ? transport : upgrade(transport)
      )
    })
  }

  /** Completes when the connection has closed, or with how it goes on. */
  private serveHttp1(socket: Net.Socket, http1: Http1Connections): Effect.Effect<Upgrade | undefined> {
    return Effect.async((resume) => {
      const onClose = (): void => resume(Effect.succeed(undefined))
      socket.once("close", onClose)
      http1.accept(socket, (request, head) => {
        const isAllowed = this.options.upgradeH2c && !this.isDraining && !(socket instanceof Tls.TLSSocket)
        const upgrade = isAllowed ? H2cUpgrade.fromRequest(request) : undefined
        if (upgrade === undefined) return false
        socket.off("close", onClose)
        socket.write(H2cUpgrade.switchingProtocols)
        if (head.length > 0) socket.unshift(head)
        resume(Effect.succeed(upgrade))
        return true
      })
    })
  }

  /** Requests in flight finish, up to the time that they have; new ones are refused. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() => {
    this.isDraining = true
    return Effect.all(
      [
        Fiber.interruptAll(this.fibers),
        this.http1 === undefined ? Effect.void : this.http1.drain(this.options.drainTimeout)
      ],
      { concurrency: "unbounded", discard: true }
    )
  })
}

export class Port {
  /** The applications that are served, of which the latest has the connections. */
  private readonly applications: Array<Served> = []
  /** Opens with the first application: who connects before has to wait. */
  private readonly isServed = Effect.unsafeMakeLatch(false)

  constructor(
    private readonly options: PortOptions,
    private readonly http1: Http1 | undefined
  ) {}

  private get latest(): Served | undefined {
    return this.applications.at(-1)
  }

  /** For each connection that is accepted. One that comes when there is no application any more is closed. */
  readonly connect = (socket: Net.Socket): Effect.Effect<void, Http2Error> =>
    Effect.suspend(() => {
      const { latest } = this
      // Without the fibers of a race, where there is nothing to wait for.
      if (latest !== undefined) return latest.connect(socket)
      return Effect.flatMap(
        Effect.raceFirst(this.isServed.await, destroyed(socket)),
        () => this.latest?.connect(socket) ?? Effect.void
      )
    })

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
          this.isServed.unsafeOpen()
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
      yield* attach(new Served(application, yield* InterruptibleRuntime.capture(), options, connections))
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

/** Completes when `socket` has closed. */
const destroyed = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.closed) return resume(Effect.void)
    const onClose = (): void => resume(Effect.void)
    socket.once("close", onClose)
    return Effect.sync(() => socket.off("close", onClose))
  })
