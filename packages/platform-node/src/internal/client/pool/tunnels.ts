/**
 * The way to an origin where a proxy stands on it: a tunnel by CONNECT, over HTTP/2 or HTTP/1.1 as the proxy speaks, or, for requests of HTTP/1.1 to a plain
 * origin, a connection to the proxy itself. Called by dial.ts for each connection.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Connection } from "@effect-http2/node/client/exchange"
import { Http1Connections } from "@effect-http2/node/client/http1Connections"
import { socketTo } from "@effect-http2/node/client/opening"
import { authorityOf, type Origin, toOrigin } from "@effect-http2/node/client/origin"
import type { Pool } from "@effect-http2/node/client/pool"
import type { Resolved } from "@effect-http2/node/client/poolOptions"
import {
  connectionOf,
  fieldsOf,
  isForwarded,
  openTunnel,
  refused,
  tooLate
} from "@effect-http2/node/client/proxyTunnel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import { openSocket } from "../../../NodeTransport.js"
import { TunnelSocket } from "../../stream/tunnelSocket.js"
import type { Fork } from "../wire/forked.js"
import { ClientConnection } from "../wire/http2Connection.js"
import type { Incoming } from "../wire/incoming.js"

type Opened = Effect.Effect<Duplex, Http2Error.TransportError, Scope.Scope>

/** `connectionOf` as an effect. */
const awaitConnection = (pool: Pool<Incoming>): Effect.Effect<Connection<Incoming>, Http2Error.Http2Error> =>
  Effect.async((resume) =>
    Effect.sync(
      connectionOf(pool, (outcome) =>
        resume(Http2Error.isHttp2Error(outcome) ? Effect.fail(outcome) : Effect.succeed(outcome))
      )
    )
  )

export class Tunnels {
  constructor(
    private readonly options: Resolved,
    private readonly fork: Fork,
    /** The connections to a proxy. */
    private readonly poolOf: (origin: Origin) => Pool<Incoming> | undefined
  ) {}

  /** What to speak to the origin over; undefined where there is no proxy. */
  open(origin: Origin): Effect.Effect<Duplex | undefined, Http2Error.TransportError, Scope.Scope> {
    return Effect.suspend((): Effect.Effect<Duplex | undefined, Http2Error.TransportError, Scope.Scope> => {
      const proxy = this.options.proxy?.proxyOf(origin)
      if (proxy === undefined) return Effect.succeed(undefined)
      if (isForwarded(origin, this.options)) return this.dial(proxy)
      const { connectTimeout } = this.options
      return Effect.timeoutFail(this.tunnel(proxy, origin), {
        duration: connectTimeout,
        onTimeout: () => tooLate(proxy, Duration.format(Duration.millis(connectTimeout)))
      })
    })
  }

  private dial(proxy: URL): Opened {
    return openSocket(socketTo(toOrigin(proxy), ["http/1.1"], this.options))
  }

  private tunnel(proxy: URL, origin: Origin): Opened {
    const pool = this.poolOf(toOrigin(proxy))
    if (pool === undefined) return Effect.fail(refused(proxy, new Error("it is not known")))
    return Effect.flatMap(
      Effect.mapError(awaitConnection(pool), (cause) => refused(proxy, cause)),
      (connection): Opened => {
        if (connection instanceof ClientConnection) return this.overHttp2(connection, proxy, origin)
        const ready = connection instanceof Http1Connections ? connection.release() : undefined
        const socket =
          ready === undefined
            ? this.dial(proxy)
            : Effect.acquireRelease(Effect.succeed<Duplex>(ready.socket), () => Effect.sync(ready.close))
        return Effect.tap(socket, (socket) => overHttp1(socket, proxy, origin))
      }
    )
  }

  /** RFC 9113 §8.5. */
  private overHttp2(connection: ClientConnection, proxy: URL, origin: Origin): Opened {
    const opened = connection.client.tunnel({ authority: authorityOf(origin), headers: fieldsOf(proxy) })
    return Effect.flatMap(
      Effect.mapError(opened, (cause) => refused(proxy, cause)),
      ({ response, tunnel }): Opened => {
        if (response.status < 200 || response.status > 299)
          return Effect.fail(refused(proxy, undefined, response.status))
        return Effect.acquireRelease(
          Effect.sync(() => {
            const socket = new TunnelSocket(this.fork, () => undefined)
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
const overHttp1 = (socket: Duplex, proxy: URL, origin: Origin): Effect.Effect<void, Http2Error.TransportError> =>
  Effect.async((resume) =>
    Effect.sync(
      openTunnel(socket, proxy, origin, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
    )
  )
