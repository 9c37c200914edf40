/**
 * One port for whatever its clients speak: a connection is HTTP/2 by ALPN, by prior knowledge or by `Upgrade: h2c`, or it is HTTP/1.1, and
 * each leads to the application that is served at the time. Made by `NodeHttp2Server.make`.
 */
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import type { Http2Error } from "@effect-http2/effect4-http2/Http2Error"
import type { Transport } from "@effect-http2/effect4-http2/Transport"
import { through } from "@effect-http2/engine/Output"
import * as H2cUpgrade from "@effect-http2/node/http1/h2cUpgrade"
import type { Http1Server } from "@effect-http2/node/http1/http1Server"
import type { WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import type * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpMiddleware from "effect/http/HttpMiddleware"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { Http1Application } from "../http1/http1.js"
import * as Application from "../server/application.js"
import { CurrentLimits } from "../server/webSocketLimits.js"
import { http2Only } from "../socket/front.js"
import * as Sniff from "../socket/sniff.js"
import { fromOpenSocket } from "../socket/socketTransport.js"

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
  readonly maxBodySize: ByteSize.ByteSize | undefined
  /** How long requests in flight may take at the end, in ms. */
  readonly drainTimeout: number
}

/** What each read of a connection of HTTP/1.1 is replaced by, which goes on as one of HTTP/2. */
type Upgrade = (chunk: Uint8Array) => Uint8Array

const upgraded = (transport: Transport, upgrade: Upgrade): Transport => ({
  ...through(transport),
  peer: transport.peer,
  incoming: Stream.filter(Stream.map(transport.incoming, upgrade), (octets) => octets.length > 0),
  end: transport.end,
  close: transport.close
})

/** What handlers that are interrupted at the end have for their finalizers in any case, in ms; as over HTTP/2. */
const finalizersTimeout = 1000

/** HTTP/1.1 as a port speaks it: Node's server, and the application there. */
interface Http1 {
  readonly server: Http1Server
  readonly application: Http1Application
}

/** An application that is served, from `serve` to the end of its scope. */
class Served {
  /** Its connections, all of which end at once, each in its own time. */
  private readonly connections = Scope.makeUnsafe("parallel")
  private isDraining = false

  constructor(
    private readonly serveHttp2: (transport: Transport) => Effect.Effect<void, Http2Error>,
    private readonly options: PortOptions,
    private readonly http1: Http1 | undefined
  ) {}

  /** From what a connection begins with to its end. Who ends first, the listener or the application, interrupts it. */
  connect(socket: Net.Socket): Effect.Effect<void, Http2Error> {
    const { connections, http1, options } = this
    const speak = (): Effect.Effect<void, Http2Error> => {
      if (http1 === undefined) return http2Only(socket, options.sniffTimeout, this.speakHttp2(socket))
      return Effect.flatMap(Sniff.protocol(socket, options.sniffTimeout), (protocol) =>
        protocol === "h2"
          ? this.speakHttp2(socket)
          : protocol === undefined
            ? Effect.void
            : this.speakHttp1(socket, http1)
      )
    }
    return Effect.withFiber((fiber) => {
      Fiber.runIn(fiber, connections)
      return speak()
    })
  }

  private speakHttp2(socket: Net.Socket, upgrade?: Upgrade): Effect.Effect<void, Http2Error> {
    return Effect.suspend(() => {
      const { path } = this.options
      const transport = fromOpenSocket(socket, path === undefined ? undefined : { local: path })
      return this.serveHttp2(upgrade === undefined ? transport : upgraded(transport, upgrade))
    })
  }

  /** Until the connection has closed, or goes on as one of HTTP/2. Interrupted, it drains. */
  private speakHttp1(socket: Net.Socket, { application, server }: Http1): Effect.Effect<void, Http2Error> {
    const spoken = Effect.callback<Upgrade | undefined>((resume) => {
      const onClose = (): void => resume(Effect.succeed(undefined))
      socket.once("close", onClose)
      server.accept(socket, application, (request, head) => {
        const isAllowed = this.options.upgradeH2c && !this.isDraining && !(socket instanceof Tls.TLSSocket)
        const upgrade = isAllowed ? H2cUpgrade.fromRequest(request) : undefined
        if (upgrade === undefined) return false
        socket.off("close", onClose)
        socket.write(H2cUpgrade.switchingProtocols)
        if (head.length > 0) socket.unshift(head)
        // Once HTTP/1.1 has let go of the socket.
        queueMicrotask(() => resume(Effect.succeed(upgrade)))
        return true
      })
      return this.drained(socket, server)
    })
    return Effect.flatMap(spoken, (upgrade) => (upgrade === undefined ? Effect.void : this.speakHttp2(socket, upgrade)))
  }

  /** Completes when the responses that are on their way have left, or their time is over. */
  private drained(socket: Net.Socket, server: Http1Server): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const done = (): void => {
        clearTimeout(timer)
        socket.off("close", done)
        resume(Effect.void)
      }
      const timer = setTimeout(done, Math.min(this.options.drainTimeout, 0x7fffffff))
      socket.on("close", done)
      server.drainSocket(socket)
    })
  }

  /** Requests in flight finish, up to the time that they have; new ones are refused. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() => {
    this.isDraining = true
    const { connections, http1, options } = this
    const close = Scope.close(connections, Exit.void)
    if (http1 === undefined) return close
    const { application } = http1
    return Effect.gen(function* () {
      const endsAt = (yield* Clock.currentTimeMillis) + options.drainTimeout
      yield* application.sayGoodbye
      yield* close
      yield* application.end(Math.max(endsAt - (yield* Clock.currentTimeMillis), finalizersTimeout))
    })
  })
}

const closed = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const done = (): void => resume(Effect.void)
    if (socket.destroyed) return done()
    socket.once("close", done)
    return Effect.sync(() => socket.off("close", done))
  })

export class Port {
  /** The applications that are served, of which the latest has the connections. */
  private readonly applications: Array<Served> = []
  /** Open once the first application is served: who has connected before begins with it. */
  private readonly begun = Latch.makeUnsafe(false)

  constructor(
    private readonly options: PortOptions,
    private readonly http1: Http1Server | undefined
  ) {}

  /** For each connection that is accepted. One that comes when there is no application any more is closed. */
  readonly connect = (socket: Net.Socket): Effect.Effect<void, Http2Error> =>
    Effect.suspend(() => {
      const latest = this.applications.at(-1)
      if (latest !== undefined) return latest.connect(socket)
      const begun = Effect.raceFirst(this.begun.await, closed(socket))
      return Effect.flatMap(begun, () => this.applications.at(-1)?.connect(socket) ?? Effect.void)
    })

  /** What `HttpServer.serve` is. The end of the scope drains all connections, while what the application needs is still there. */
  readonly serve = (
    httpEffect: Effect.Effect<HttpServerResponse, unknown, HttpServerRequest | Scope.Scope>,
    middleware?: HttpMiddleware.HttpMiddleware
  ): Effect.Effect<void, never, Scope.Scope> => {
    const { http1: server, options } = this
    const start = Effect.gen(function* () {
      const application =
        server === undefined ? undefined : yield* Http1Application.make(httpEffect, middleware, options.webSocketLimits)
      const { handler, policy } = yield* Application.make(httpEffect, middleware)
      return new Served(
        Http2Server.serveTransport(handler, { ...options.http2, handlerPolicy: policy }),
        options,
        server === undefined || application === undefined ? undefined : { server, application }
      )
    })
    return this.serveUntilEnd(Effect.updateContext(start, this.withDefaults))
  }

  /** What `Http2Server.serve` is, for a port that speaks HTTP/2 alone. The end of the scope drains all connections. */
  readonly serveHandler = <E, R>(
    handler: Http2Server.Handler<E, R>
  ): Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope> => {
    const serveHttp2 = Http2Server.serveTransport(handler, this.options.http2)
    return Effect.contextWith((context: Context.Context<Exclude<R, Scope.Scope> | Scope.Scope>) => {
      const serve = (transport: Transport): Effect.Effect<void, Http2Error> =>
        Effect.provideContext(serveHttp2(transport), context)
      return this.serveUntilEnd(Effect.sync(() => new Served(serve, this.options, undefined)))
    })
  }

  /** An application has the connections from now on, until another comes, and again when that ends. */
  private serveUntilEnd<R>(start: Effect.Effect<Served, never, R>): Effect.Effect<void, never, R | Scope.Scope> {
    const { applications, begun } = this
    return Effect.acquireRelease(start, (served) =>
      Effect.suspend(() => {
        applications.splice(applications.indexOf(served), 1)
        return served.drain
      })
    ).pipe(
      Effect.flatMap((served) => {
        applications.push(served)
        return begun.open
      }),
      Effect.asVoid
    )
  }

  /** What each request finds in its context. */
  private readonly withDefaults = (context: Context.Context<Scope.Scope>): Context.Context<Scope.Scope> => {
    const { maxBodySize, webSocketLimits } = this.options
    const limited = Context.add(context, CurrentLimits, webSocketLimits)
    return maxBodySize === undefined || context.mapUnsafe.has(HttpIncomingMessage.MaxBodySize.key)
      ? limited
      : Context.add(limited, HttpIncomingMessage.MaxBodySize, maxBodySize)
  }
}
