/**
 * An application that is served at a port, from `serve` to the end of its scope: each connection speaks HTTP/2 or, where `http1` is given, HTTP/1.1. Made
 * by port.ts and NodeHttp2.
 */
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type { Transport } from "@effect-http2/http2/Transport"
import { switchingProtocols } from "@effect-http2/node/http1/h2cUpgrade"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { destroySocket, fromOpenSocket } from "../socket/socketTransport.js"
import { http2Only } from "../socket/front.js"
import { fromRequest } from "./h2cUpgrade.js"
import type { Http1Connections } from "../http1/http1.js"
import type { Application } from "./applications.js"
import type { Connections } from "../socket/connections.js"
import { type Ending, Endings } from "../socket/endings.js"
import { type Keeper, sniff } from "../socket/sniff.js"

export interface ApplicationOptions {
  /** The path of the unix socket that is listened at. */
  readonly path: string | undefined
  readonly upgradeH2c: boolean
  /** How long a client may take to show what it speaks, in ms. */
  readonly sniffTimeout: number
  /** How long requests in flight may take at the end. */
  readonly drainTimeout: Duration.DurationInput
}

/** How a connection goes on as one of HTTP/2. */
type Upgrade = (transport: Transport) => Transport

/** An application that is served, from `serve` to the end of its scope. */
export class ServedApplication<E = never, R = never> implements Application {
  isDraining = false
  /** Connections that end with it: those of HTTP/2, each in its own time, and those that have said nothing yet. */
  private readonly endings = new Endings()

  constructor(
    private readonly acceptor: Http2Server.Acceptor<E, R>,
    private readonly options: ApplicationOptions,
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
    const accept = (): Http2Server.Served<R> => {
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
