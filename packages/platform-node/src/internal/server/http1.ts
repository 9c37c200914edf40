/**
 * The HTTP/1.1 side of a port: `node:http`'s server, which does not listen but is handed the sockets that speak HTTP/1.1, under
 * `NodeHttpServer`, so that the application sees what it would see there, WebSocket upgrades included. Made by port.ts.
 */
import type * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import { remember } from "./http1WebSocket.js"

/** Told of requests to go on with another protocol than WebSocket: true where that was done. */
export type OnUpgrade = (request: Http.IncomingMessage, head: Buffer) => boolean

const isCallback = (u: unknown): u is () => void => typeof u === "function"

const isResponse = (u: unknown): u is Http.ServerResponse => u instanceof Http.ServerResponse

/** A socket that speaks HTTP/1.1. */
interface Connection {
  readonly onUpgrade: OnUpgrade
  /** Those that are not done. */
  readonly responses: Set<Http.ServerResponse>
  /** What is done when they all are: an upgrade that was asked for behind them. */
  next: (() => void) | undefined
}

class Http1Server extends Http.Server {
  private isDraining = false
  private readonly sockets = new Map<Duplex, Connection>()

  /** Takes over a socket from which nothing but HTTP/1.1 will come. */
  accept(socket: Net.Socket, onUpgrade: OnUpgrade): void {
    this.sockets.set(socket, { onUpgrade, responses: new Set(), next: undefined })
    socket.once("close", () => this.sockets.delete(socket))
    super.emit("connection", socket)
  }

  /** Has nothing to listen on. `listening` starts node's watch over slow requests. */
  override listen(...args: ReadonlyArray<unknown>): this {
    super.emit("listening")
    for (const argument of args) if (isCallback(argument)) queueMicrotask(argument)
    return this
  }

  override address(): Net.AddressInfo {
    return { address: "", family: "", port: 0 }
  }

  override emit(event: string, ...args: ReadonlyArray<unknown>): boolean {
    const [message, other, head] = args
    if (event === "request" && message instanceof Http.IncomingMessage && isResponse(other)) {
      this.onRequest(message, other)
    } else if (event === "upgrade" && message instanceof Http.IncomingMessage && head instanceof Buffer) {
      this.onUpgradeRequest(message, head)
      return true
    }
    return super.emit(event, ...args)
  }

  private onRequest(request: Http.IncomingMessage, response: Http.ServerResponse): void {
    const { socket } = request
    const connection = this.sockets.get(socket)
    if (connection === undefined) return
    const { responses } = connection
    if (this.isDraining) response.shouldKeepAlive = false
    responses.add(response)
    response.once("close", () => {
      responses.delete(response)
      if (responses.size > 0) return
      if (this.isDraining) socket.destroySoon()
      else connection.next?.()
    })
  }

  /**
   * Responses go out in the order of their requests (RFC 9112 §9.3.2), and that of an upgrade is one of them: it waits for those before it. Node
   * reads no more from the socket meanwhile.
   */
  private onUpgradeRequest(request: Http.IncomingMessage, head: Buffer): void {
    const { socket } = request
    const connection = this.sockets.get(socket)
    const upgrade = (): void => {
      if (!socket.destroyed && !socket.writableEnded) this.upgrade(request, head, connection)
    }
    if (connection === undefined || connection.responses.size === 0) upgrade()
    else connection.next = upgrade
  }

  /** Where nobody has the protocol, the field is of no effect (RFC 9110 §7.8): the request comes once more, without it. */
  private upgrade(request: Http.IncomingMessage, head: Buffer, connection: Connection | undefined): void {
    const { socket } = request
    // A WebSocket is ended by who runs it.
    this.sockets.delete(socket)
    // That of a connection at rest, which Node sets when a response is done.
    socket.setTimeout(0)
    if (request.headers.upgrade?.toLowerCase() === "websocket") {
      super.emit("upgrade", request, socket, head)
    } else if (connection === undefined) {
      socket.destroy()
    } else if (!connection.onUpgrade(request, head)) {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]))
      this.sockets.set(socket, { ...connection, next: undefined })
      // Node sets them for each connection, and leaves them behind at an upgrade.
      for (const event of ["timeout", "pause", "resume"]) socket.removeAllListeners(event)
      super.emit("connection", socket)
    }
  }

  /** From now on, connections end with the responses that are on their way; those without end at once. Completes when all have. */
  readonly drain: Effect.Effect<void> = Effect.async((resume) => {
    this.isDraining = true
    for (const [socket, { responses }] of this.sockets) {
      for (const response of responses) response.shouldKeepAlive = false
      if (responses.size === 0) socket.destroy()
    }
    let open = this.sockets.size
    if (open === 0) return resume(Effect.void)
    for (const socket of this.sockets.keys()) {
      socket.once("close", () => {
        if (--open === 0) resume(Effect.void)
      })
    }
  })

  /** Another application is served. */
  undrain(): void {
    this.isDraining = false
  }

  destroyAll(): void {
    for (const socket of this.sockets.keys()) socket.destroy()
  }
}

const withoutUpgrade = (request: Http.IncomingMessage): Buffer => {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase()
    const value = rawHeaders[i + 1] ?? ""
    if (name === "upgrade" || name === "http2-settings") continue
    lines.push(`${rawHeaders[i]}: ${name === "connection" ? withoutTokens(value) : value}`)
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1")
}

const withoutTokens = (value: string): string =>
  value
    .split(",")
    .filter((token) => !/^\s*(upgrade|http2-settings)\s*$/i.test(token))
    .join(",")

/** What port.ts needs of it. */
export interface Http1 {
  readonly server: HttpServer.HttpServer
  readonly accept: (socket: Net.Socket, onUpgrade: OnUpgrade) => void
  /** Lets what is on its way finish, up to the time given, and ends all connections that are not upgraded. */
  readonly drain: (timeout: Duration.DurationInput) => Effect.Effect<void>
}

export const make = (options: Http.ServerOptions): Effect.Effect<Http1, ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const node = yield* Effect.acquireRelease(
      Effect.sync(() => new Http1Server(options)),
      (server) => Effect.sync(() => server.close())
    )
    node.prependListener("upgrade", remember)
    const server = yield* NodeHttpServer.make(() => node, {})
    return {
      server,
      accept: (socket, onUpgrade) => node.accept(socket, onUpgrade),
      drain: (timeout) =>
        Effect.timeoutOption(Effect.interruptible(node.drain), timeout).pipe(
          Effect.zipRight(
            Effect.sync(() => {
              node.destroyAll()
              node.undrain()
            })
          )
        )
    }
  })
