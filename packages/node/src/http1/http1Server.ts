/**
 * The HTTP/1.1 side of a port: `node:http`'s server, which does not listen but is handed the sockets that speak HTTP/1.1, each with the application that
 * answers it.
 */
import * as Http from "node:http"
import type * as Net from "node:net"
import { forgetServer, watchSlowRequests } from "./nodeInternals.js"
import { SlowReaders, type StallLimits, type StallPorts } from "./slowReaders.js"

/** What answers the requests of HTTP/1.1; the server knows an application by it. */
export interface Http1Handler {
  readonly onRequest: (request: Http.IncomingMessage, response: Http.ServerResponse) => void
  /** For a request to go on as a WebSocket, which may be answered with a response all the same. */
  readonly onUpgrade: (request: Http.IncomingMessage, socket: Net.Socket, head: Buffer) => void
}

/** Told of requests to go on with another protocol than WebSocket: true where that was done. */
export type OnUpgrade = (request: Http.IncomingMessage, head: Buffer) => boolean

const isResponse = (u: unknown): u is Http.ServerResponse => u instanceof Http.ServerResponse

/** A socket that speaks HTTP/1.1. */
interface Connection {
  readonly application: Http1Handler
  readonly onUpgrade: OnUpgrade
  /** Those that are not done. */
  readonly responses: Set<Http.ServerResponse>
  /** What is done when they all are: an upgrade that was asked for behind them. */
  next: (() => void) | undefined
  /** Ends with the responses that are on their way. */
  isDraining: boolean
}

/** What is counted and timed over HTTP/2 too, by the same options; times in ms. */
export interface Limits extends StallLimits {
  readonly headersTimeout: number
  readonly idleTimeout: number
  readonly maxHeaderListSize: number
  readonly maxHeaderFields: number
}

/** Milliseconds of a timer of Node; 0 is none. */
const toTimer = (millis: number): number => (millis > 0x7fffffff ? 0 : Math.ceil(millis))

/** All that Node has against slow and ambiguous requests, said here and not left to its flags. */
const nodeOptions = (limits: Limits, custom: Http.ServerOptions): Http.ServerOptions => {
  const requestTimeout = custom.requestTimeout ?? 300_000
  const headersTimeout = toTimer(limits.headersTimeout)
  return {
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: limits.maxHeaderListSize,
    requestTimeout,
    headersTimeout: requestTimeout > 0 ? Math.min(headersTimeout, requestTimeout) : headersTimeout,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: toTimer(limits.idleTimeout),
    ...custom
  }
}

/** The status that a request is refused with whose meaning depends on who reads it; undefined for others. */
const refusalOf = (request: Http.IncomingMessage, maxFields: number): number | undefined => {
  const { headers, httpVersionMinor, rawHeaders } = request
  if (rawHeaders.length > maxFields * 2) return 431
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === "host") hosts++
  // RFC 9112 §3.2.
  if (hosts > 1) return 400
  const coding = headers["transfer-encoding"]
  if (coding === undefined) return undefined
  // RFC 9112 §6.1: HTTP/1.0 has none, and of others than chunked we know nothing.
  return httpVersionMinor === 0 ? 400 : coding.toLowerCase() === "chunked" ? undefined : 501
}

/** Its constructor throws what Node says of the options. */
export class Http1Server extends Http.Server {
  private readonly sockets = new Map<Net.Socket, Connection>()
  private readonly maxFields: number
  /** Whose `look` is to be called from time to time. */
  readonly slowReaders: SlowReaders

  /** `isContinueLazy`: whether 100 Continue is left to the handler, which is given the request at once. */
  constructor(limits: Limits, custom: Http.ServerOptions, ports: StallPorts, isContinueLazy = false) {
    super(nodeOptions(limits, custom))
    this.slowReaders = new SlowReaders(limits, ports)
    this.maxFields = limits.maxHeaderFields
    // Node leaves out silently what is beyond it: one more shows that there was more.
    this.maxHeadersCount = this.maxFields + 1
    // Without a listener, no upgrade is told of.
    super.on("upgrade", () => {})
    if (isContinueLazy) super.on("checkContinue", () => {})
    watchSlowRequests(this)
  }

  /** Takes over a socket from which nothing but HTTP/1.1 will come. */
  accept(socket: Net.Socket, application: Http1Handler, onUpgrade: OnUpgrade): void {
    const responses = new Set<Http.ServerResponse>()
    this.sockets.set(socket, { application, onUpgrade, responses, next: undefined, isDraining: false })
    this.slowReaders.add(socket, responses)
    socket.once("close", () => this.sockets.delete(socket))
    super.emit("connection", socket)
  }

  override emit(event: string, ...args: ReadonlyArray<unknown>): boolean {
    const [message, other, head] = args
    if (
      (event === "request" || event === "checkContinue") &&
      message instanceof Http.IncomingMessage &&
      isResponse(other)
    ) {
      this.onRequest(message, other)
      return true
    }
    if (event === "upgrade" && message instanceof Http.IncomingMessage && head instanceof Buffer) {
      this.onUpgradeRequest(message, head)
      return true
    }
    return super.emit(event, ...args)
  }

  private onRequest(request: Http.IncomingMessage, response: Http.ServerResponse): void {
    const { socket } = request
    const connection = this.sockets.get(socket)
    if (connection === undefined) return void socket.destroy()
    const { application, responses } = connection
    if (connection.isDraining) response.shouldKeepAlive = false
    responses.add(response)
    response.once("close", () => {
      responses.delete(response)
      if (responses.size > 0) return
      if (connection.isDraining) socket.destroySoon()
      else connection.next?.()
    })
    const refusal = refusalOf(request, this.maxFields)
    if (refusal === undefined) return application.onRequest(request, response)
    response.writeHead(refusal, { connection: "close", "content-length": "0" }).end()
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
    if (connection === undefined || refusalOf(request, this.maxFields) !== undefined) {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", () => socket.destroy())
    } else if (request.headers.upgrade?.toLowerCase() === "websocket") {
      // It has bounds of its own.
      this.slowReaders.delete(socket)
      connection.application.onUpgrade(request, socket, head)
    } else if (connection.onUpgrade(request, head)) {
      this.slowReaders.delete(socket)
    } else {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]))
      this.sockets.set(socket, { ...connection, next: undefined })
      forgetServer(socket)
      super.emit("connection", socket)
    }
  }

  private of(application: Http1Handler): ReadonlyArray<Net.Socket> {
    return [...this.sockets].flatMap(([socket, connection]) => (connection.application === application ? [socket] : []))
  }

  /**
   * From now on, the connection ends with the responses that are on their way, or at once where there are none. Nothing happens to one that was upgraded: it is
   * ended by who runs it.
   */
  drainSocket(socket: Net.Socket): void {
    const connection = this.sockets.get(socket)
    if (connection === undefined) return
    connection.isDraining = true
    for (const response of connection.responses) response.shouldKeepAlive = false
    if (connection.responses.size === 0) socket.destroy()
  }

  /** Does so with all of an application, and calls `done` when they have closed. */
  drain(application: Http1Handler, done: () => void): void {
    const open = this.of(application)
    let count = open.length
    if (count === 0) return done()
    for (const socket of open) {
      socket.once("close", () => {
        if (--count === 0) done()
      })
      this.drainSocket(socket)
    }
  }

  destroyAll(application: Http1Handler): void {
    for (const socket of this.of(application)) socket.destroy()
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
