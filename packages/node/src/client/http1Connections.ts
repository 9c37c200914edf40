/**
 * An origin that speaks HTTP/1.1: `node:http` does, over sockets that were opened here. Those that an ALPN answer brought are handed over by `adopt`,
 * others are dialled when its agent asks. Made by pool.ts.
 */
import * as Http2Error from "@effect-http2/engine/Http2Error"
import * as Http from "node:http"
import type * as Net from "node:net"
import { type Duplex, PassThrough } from "node:stream"
import type { Cancel, Connection, Exchange, OpenedSocket, SentRequest, Timer } from "./exchange.js"
import { type RequestConfig, Http1Request } from "./http1Request.js"
import { Http1Watch } from "./http1Watch.js"
import { Ongoing } from "./ongoing.js"

/** What an origin of HTTP/1.1 needs to know of its pool. */
export interface Http1Config<Response> extends Omit<RequestConfig<Response>, "agent" | "now"> {
  readonly timer: Timer
  readonly maxConnections: number
  /** In ms. */
  readonly idleTimeout: number
  /** When a connection that is opened now is too old to be used again, on the clock of `timer`. */
  readonly expiry: () => number
  /** A connection was closed because of its age. */
  readonly onAged: () => void
  /** Opens a socket; `done` is told once, behind a cancel too. */
  readonly open: (done: (outcome: OpenedSocket | Http2Error.Http2Error) => void) => Cancel
  /** A connection is free again, or a connection has closed. */
  readonly onChange: () => void
  readonly onConnections: (change: number) => void
}

type OnSocket = (error: Error | null, socket: Duplex) => void

/** What goes with an error, unseen. */
const noSocket = new PassThrough()

/** Connections that wait for a request, at most; as with the agents of Node. */
const maxIdle = 256

/** What comes where no request is under way answers none, and is not to be taken for the response to the next one. */
const onUnasked = function (this: Duplex): void {
  this.destroy()
}

/** Keeps connections alive, and has them opened by us. */
class Agent extends Http.Agent {
  constructor(
    { idleTimeout, maxConnections }: { readonly idleTimeout: number; readonly maxConnections: number },
    private readonly open: (callback: OnSocket) => Duplex | undefined,
    private readonly isOld: (socket: Duplex) => boolean
  ) {
    super({
      keepAlive: true,
      maxSockets: maxConnections,
      maxFreeSockets: Math.min(maxConnections, maxIdle),
      ...(Number.isFinite(idleTimeout) ? { timeout: Math.min(idleTimeout, 0x7fffffff) } : undefined)
    })
    this.on("free", (socket: Duplex) => {
      if (socket.readableLength > 0) socket.destroy()
      else socket.on("data", onUnasked)
    })
  }

  /** Its declaration has no result: https://nodejs.org/api/http.html#agentkeepsocketalivesocket. */
  override keepSocketAlive(socket: Duplex): boolean {
    const isKept: unknown = super.keepSocketAlive(socket)
    return isKept !== false && !this.isOld(socket)
  }

  /** Lets none of those that are free be used again that are too old. */
  dropOld(): void {
    for (const free of Object.values(this.freeSockets)) {
      for (const socket of free ?? []) if (this.isOld(socket)) socket.destroy()
    }
  }

  override reuseSocket(socket: Duplex, request: Http.ClientRequest): void {
    socket.off("data", onUnasked)
    super.reuseSocket(socket, request)
  }

  override createConnection(_options: Http.ClientRequestArgs, callback?: OnSocket): Duplex | undefined {
    return this.open(callback ?? (() => undefined))
  }
}

export class Http1Connections<Response> implements Connection<Response> {
  private readonly agent: Agent
  /** Handed over, and not asked for yet. */
  private readonly ready: Array<Net.Socket> = []
  private readonly sockets = new Map<Net.Socket, OpenedSocket>()
  /** When each is too old, where age matters. */
  private readonly expiries = new WeakMap<Duplex, number>()
  private readonly dialing = new Ongoing()
  private readonly watching: Http1Watch
  private readonly requests: RequestConfig<Response>
  private active = 0
  private isAging = false

  constructor(private readonly config: Http1Config<Response>) {
    this.agent = new Agent(
      config,
      (callback) => this.provide(callback),
      (socket) => this.isOld(socket)
    )
    this.requests = { ...config, now: () => config.timer.now(), agent: this.agent }
    this.watching = new Http1Watch(config.timer, config.limits)
  }

  get available(): number {
    return this.config.maxConnections - this.active
  }

  /** Each origin has its own. */
  isOwnOf(): boolean {
    return true
  }

  /** Whether nothing is going on and no connection is left. */
  get isEmpty(): boolean {
    return this.active === 0 && this.sockets.size === 0 && this.dialing.isEmpty
  }

  /** Takes an open socket over. */
  adopt(opened: OpenedSocket): void {
    this.watch(opened)
    // As the agent does with those that are free: nothing holds the process.
    opened.socket.unref()
    this.ready.push(opened.socket)
  }

  /** Gives a socket that nobody has used yet away. */
  release(): OpenedSocket | undefined {
    const socket = this.ready.shift()
    return socket === undefined ? undefined : this.sockets.get(socket.ref())
  }

  /** Told once of each: who asks closes it. */
  private isOld(socket: Duplex): boolean {
    const expiry = this.expiries.get(socket)
    if (expiry === undefined || socket.destroyed || this.config.timer.now() < expiry) return false
    this.config.onAged()
    return true
  }

  private watch(opened: OpenedSocket): void {
    const { socket } = opened
    const expiry = this.config.expiry()
    if (expiry < Number.POSITIVE_INFINITY) {
      this.isAging = true
      this.expiries.set(socket, expiry)
    }
    socket.allowHalfOpen = false
    this.sockets.set(socket, opened)
    this.config.onConnections(1)
    socket.once("close", () => {
      this.sockets.delete(socket)
      const index = this.ready.indexOf(socket)
      if (index >= 0) this.ready.splice(index, 1)
      this.config.onConnections(-1)
      opened.close()
      this.config.onChange()
    })
    if (socket.destroyed) socket.emit("close")
  }

  private provide(callback: OnSocket): Duplex | undefined {
    const socket = this.ready.shift()
    if (socket !== undefined) {
      socket.ref()
      return socket
    }
    this.dialing.begin((done) =>
      this.config.open((outcome) => {
        done()
        if (Http2Error.isHttp2Error(outcome)) return callback(outcome, noSocket)
        this.watch(outcome)
        callback(null, outcome.socket)
      })
    )
    return undefined
  }

  send(exchange: Exchange<Response>): SentRequest {
    if (this.isAging) this.agent.dropOld()
    this.active++
    let isDone = false
    const done = (): void => {
      if (isDone) return
      isDone = true
      this.active--
      this.config.onChange()
    }
    try {
      const request = new Http1Request(exchange, this.requests, (request) => {
        this.watching.remove(request)
        done()
      })
      this.watching.add(request)
      return request
    } catch (error) {
      done()
      const reason = error instanceof Error ? error.message : "the request cannot be sent"
      exchange.onFailure(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(0, undefined, reason))
      return { cancel: () => undefined }
    }
  }

  /** Ends everything. */
  close(): void {
    this.dialing.cancel()
    this.agent.destroy()
    for (const { close } of [...this.sockets.values()]) close()
  }
}
