/**
 * The way to an origin where a proxy stands on it: a tunnel by CONNECT, over HTTP/2 or HTTP/1.1 as the proxy speaks, or, for requests of HTTP/1.1 to a plain
 * origin, a connection to the proxy itself. Called by dial.ts for each connection.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import { openSocket } from "../../../NodeTransport.js"
import { TunnelSocket } from "../../stream/tunnelSocket.js"
import { failure } from "@effect-http2/node/socket/socketError"
import { Http1Connections } from "../wire/http1Connections.js"
import { Http2Connection } from "../wire/http2Connection.js"
import type { Connection } from "../wire/exchange.js"
import type { Resolved } from "./options.js"
import type { Pool } from "./pool.js"
import { authorityOf, basicAuthorization, type Origin, toOrigin } from "@effect-http2/node/client/origin"

type Opened = Effect.Effect<Duplex, Http2Error.TransportError, Scope.Scope>

const refused = (proxy: URL, cause?: unknown, status?: number): Http2Error.TransportError =>
  failure(
    "Connect",
    status === undefined
      ? `the proxy ${proxy.host} opened no tunnel: ${cause instanceof Error ? cause.message : String(cause)}`
      : `the proxy ${proxy.host} opened no tunnel: it answered ${status}`,
    cause
  )

const fieldsOf = (proxy: URL): Readonly<Record<string, string>> => {
  const authorization = basicAuthorization(proxy)
  return authorization === undefined ? {} : { "proxy-authorization": authorization }
}

/** A connection of the pool, as any request of it would get. */
const connectionOf = (pool: Pool): Effect.Effect<Connection, Http2Error.Http2Error> =>
  Effect.async((resume) => {
    const connection = pool.find()
    if (connection !== undefined) return resume(Effect.succeed(connection))
    const waiter = {
      excluded: undefined,
      onConnection: (connection: Connection) => resume(Effect.succeed(connection)),
      onNoConnection: (error: Http2Error.Http2Error) => resume(Effect.fail(error))
    }
    pool.wait(waiter)
    return Effect.sync(() => pool.withdraw(waiter))
  })

export class Tunnels {
  constructor(
    private readonly options: Resolved,
    private readonly runtime: Runtime.Runtime<never>,
    /** The connections to a proxy. */
    private readonly poolOf: (origin: Origin) => Pool | undefined
  ) {}

  /** What to speak to the origin over; undefined where there is no proxy. */
  open(origin: Origin): Effect.Effect<Duplex | undefined, Http2Error.TransportError, Scope.Scope> {
    return Effect.suspend((): Effect.Effect<Duplex | undefined, Http2Error.TransportError, Scope.Scope> => {
      const proxy = this.options.proxy?.proxyOf(origin)
      if (proxy === undefined) return Effect.succeed(undefined)
      if (this.isForwarded(origin)) return this.dial(proxy)
      const { connectTimeout = "10 seconds" } = this.options
      return Effect.timeoutFail(this.tunnel(proxy, origin), {
        duration: connectTimeout,
        onTimeout: () =>
          failure("ConnectTimeout", `no tunnel by ${proxy.host} after ${Duration.format(connectTimeout)}`)
      })
    })
  }

  /** What a proxy that is asked in place of the origin wants to see; undefined where none is. */
  forwardHeaders(origin: Origin): Readonly<Record<string, string>> | undefined {
    const proxy = this.options.proxy?.proxyOf(origin)
    return proxy !== undefined && this.isForwarded(origin) ? fieldsOf(proxy) : undefined
  }

  private isForwarded(origin: Origin): boolean {
    return !origin.isTls && !this.options.hasPriorKnowledge(origin.key)
  }

  private dial(proxy: URL): Opened {
    const { host, isTls, port } = toOrigin(proxy)
    return openSocket({
      host,
      port,
      tls: isTls ? (this.options.tls ?? true) : undefined,
      connectTimeout: this.options.connectTimeout,
      lookup: this.options.lookup,
      alpnProtocols: ["http/1.1"],
      requireAlpn: false
    })
  }

  private tunnel(proxy: URL, origin: Origin): Opened {
    const pool = this.poolOf(toOrigin(proxy))
    if (pool === undefined) return Effect.fail(refused(proxy, new Error("it is not known")))
    return Effect.flatMap(
      Effect.mapError(connectionOf(pool), (cause) => refused(proxy, cause)),
      (connection): Opened => {
        if (connection instanceof Http2Connection) return this.overHttp2(connection, proxy, origin)
        const ready = connection instanceof Http1Connections ? connection.release() : undefined
        const socket =
          ready === undefined
            ? this.dial(proxy)
            : Effect.acquireRelease(Effect.succeed<Duplex>(ready.socket), () => ready.close)
        return Effect.flatMap(socket, (socket) => overHttp1(socket, proxy, origin))
      }
    )
  }

  /** RFC 9113 §8.5. */
  private overHttp2(connection: Http2Connection, proxy: URL, origin: Origin): Opened {
    const opened = connection.client.tunnel({ authority: authorityOf(origin), headers: fieldsOf(proxy) })
    return Effect.flatMap(
      Effect.mapError(opened, (cause) => refused(proxy, cause)),
      ({ response, tunnel }): Opened => {
        if (response.status < 200 || response.status > 299)
          return Effect.fail(refused(proxy, undefined, response.status))
        return Effect.acquireRelease(
          Effect.sync(() => {
            const socket = new TunnelSocket(Runtime.runFork(this.runtime), () => undefined)
            socket.on("error", () => undefined)
            socket.open(tunnel)
            return socket
          }),
          (socket) => Effect.sync(() => socket.destroy())
        )
      }
    )
  }
}

/** RFC 9110 §9.3.6. */
const overHttp1 = (socket: Duplex, proxy: URL, origin: Origin): Effect.Effect<Duplex, Http2Error.TransportError> =>
  Effect.async((resume) => {
    const authority = authorityOf(origin)
    const request = Http.request({
      method: "CONNECT",
      path: authority,
      setHost: false,
      headers: { host: authority, ...fieldsOf(proxy) },
      createConnection: () => socket
    })
    request.on("connect", ({ statusCode = 0 }, _, head) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy()
        return resume(Effect.fail(refused(proxy, undefined, statusCode)))
      }
      if (head.length > 0) socket.unshift(head)
      resume(Effect.succeed(socket))
    })
    request.on("response", ({ statusCode }) => {
      request.destroy()
      resume(Effect.fail(refused(proxy, undefined, statusCode)))
    })
    request.on("error", (error) => resume(Effect.fail(refused(proxy, error))))
    request.end()
    return Effect.sync(() => request.destroy())
  })
