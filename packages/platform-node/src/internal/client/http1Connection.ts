/**
 * An origin that speaks HTTP/1.1: `node:http` does, over sockets that were opened here. Those that an ALPN answer brought are handed over by `adopt`,
 * others are dialled when its agent asks. Made by pool.ts.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Headers from "@effect/platform/Headers"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Http from "node:http"
import type * as Net from "node:net"
import { type Duplex, PassThrough } from "node:stream"
import { failure, fromSocketError } from "../socketError.js"
import { announcedBytes, toHttp1 } from "./fields.js"
import { Http1Incoming, userFailure, writeStream } from "./http1Message.js"
import type { Listener, OpenedSocket, Outgoing, Place, Started } from "./message.js"

/** What an origin of HTTP/1.1 needs to know of its pool. */
export interface Http1Config {
  readonly runtime: Runtime.Runtime<never>
  readonly maxConnections: number
  /** In ms. */
  readonly idleTimeout: number
  readonly open: Effect.Effect<OpenedSocket, Http2Error.TransportError>
  /** Requests go in absolute form, with these fields, to a proxy that answers for the origin. */
  readonly proxyHeaders: Readonly<Record<string, string>> | undefined
  /** A place is free again, or a connection has closed. */
  readonly onChange: () => void
  readonly onConnections: (change: number) => void
}

type OnSocket = (error: Error | null, socket: Duplex) => void

/** What goes with an error, unseen. */
const noSocket = new PassThrough()

/** Connections that wait for a request, at most; as with the agents of Node. */
const mostIdle = 256

/** Keeps connections alive, and has them opened by us. */
class Agent extends Http.Agent {
  constructor(
    config: Http1Config,
    private readonly open: (callback: OnSocket) => Duplex | undefined
  ) {
    super({
      keepAlive: true,
      maxSockets: config.maxConnections,
      maxFreeSockets: Math.min(config.maxConnections, mostIdle),
      ...(Number.isFinite(config.idleTimeout) ? { timeout: Math.min(config.idleTimeout, 0x7fffffff) } : undefined)
    })
  }

  override createConnection(_options: Http.ClientRequestArgs, callback?: OnSocket): Duplex | undefined {
    return this.open(callback ?? (() => undefined))
  }
}

export class Http1Place implements Place {
  private readonly agent: Agent
  /** Handed over, and not asked for yet. */
  private readonly ready: Array<Net.Socket> = []
  private readonly sockets = new Map<Net.Socket, OpenedSocket>()
  private readonly dialing = new Set<Fiber.RuntimeFiber<void>>()
  private active = 0

  constructor(private readonly config: Http1Config) {
    this.agent = new Agent(config, (callback) => this.provide(callback))
  }

  get places(): number {
    return this.config.maxConnections - this.active
  }

  /** Each origin has its own. */
  isOwnOf(): boolean {
    return true
  }

  /** Whether nothing is going on and no connection is left. */
  get isEmpty(): boolean {
    return this.active === 0 && this.sockets.size === 0 && this.dialing.size === 0
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

  private watch(opened: OpenedSocket): void {
    const { socket } = opened
    socket.allowHalfOpen = false
    this.sockets.set(socket, opened)
    this.config.onConnections(1)
    socket.once("close", () => {
      this.sockets.delete(socket)
      const index = this.ready.indexOf(socket)
      if (index >= 0) this.ready.splice(index, 1)
      this.config.onConnections(-1)
      Runtime.runFork(this.config.runtime)(opened.close)
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
    const dial = Effect.matchCause(this.config.open, {
      onFailure: (cause) => {
        const error = Cause.squash(cause)
        callback(error instanceof Error ? error : new Error(String(error)), noSocket)
      },
      onSuccess: (opened) => {
        this.watch(opened)
        callback(null, opened.socket)
      }
    })
    const fiber = Runtime.runFork(this.config.runtime)(dial)
    this.dialing.add(fiber)
    fiber.addObserver((exit) => {
      this.dialing.delete(fiber)
      if (Exit.isInterrupted(exit)) callback(failure("Closed", "the client was closed"), noSocket)
    })
    return undefined
  }

  send(outgoing: Outgoing, listener: Listener): Started {
    this.active++
    let isDone = false
    const done = (): void => {
      if (isDone) return
      isDone = true
      this.active--
      this.config.onChange()
    }
    try {
      return new Exchange(this.agent, outgoing, listener, this.config, done)
    } catch (error) {
      done()
      const reason = error instanceof Error ? error.message : "the request cannot be sent"
      listener.onFailure(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(0, undefined, reason))
      return { unsafeCancel: () => undefined }
    }
  }

  /** Ends everything. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const fiber of this.dialing) fiber.unsafeInterruptAsFork(FiberId.none)
      this.agent.destroy()
      return Effect.forEach([...this.sockets.values()], ({ close }) => close, {
        concurrency: "unbounded",
        discard: true
      })
    })
  }
}

/** Methods whose repetition does no harm (RFC 9110 §9.2.2). */
const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])

class Exchange implements Started {
  private readonly request: Http.ClientRequest
  private fiber: Fiber.RuntimeFiber<void> | undefined = undefined
  private response: Http.IncomingMessage | undefined = undefined
  private isAnswered = false
  /** Nothing more will be sent. */
  private isOver = false

  constructor(
    agent: Agent,
    private readonly outgoing: Outgoing,
    private readonly listener: Listener,
    config: Http1Config,
    onDone: () => void
  ) {
    const { body, onInformational, target } = outgoing
    const announced = announcedBytes(outgoing)
    this.request = Http.request({
      agent,
      method: outgoing.method,
      path: config.proxyHeaders === undefined ? target.path : `${target.origin.key}${target.path}`,
      host: target.origin.host,
      port: target.origin.port,
      setHost: false,
      headers: { ...toHttp1(outgoing), ...config.proxyHeaders }
    })
    this.request.on("response", (response) => {
      this.isAnswered = true
      this.response = response
      listener.onIncoming(new Http1Incoming(response, outgoing.method === "HEAD"))
    })
    this.request.on("error", (error) => this.failed(error))
    this.request.on("close", () => {
      this.isOver = true
      this.fiber?.unsafeInterruptAsFork(FiberId.none)
      this.failed(failure("Closed", "the connection was closed before a response came"))
      // The agent gets its socket back behind this event.
      process.nextTick(onDone)
    })
    if (onInformational !== undefined) {
      this.request.on("information", ({ headers, statusCode }) => {
        try {
          onInformational({ status: statusCode, headers: Headers.fromInput(headers) })
        } catch (cause) {
          // As over HTTP/2: what the callback throws is the end of the request, and of nothing else.
          this.abort(userFailure("onInformational has thrown", cause))
        }
      })
    }
    if (body.content === undefined || body.content instanceof Uint8Array) this.request.end(body.content)
    else this.sendStream(config.runtime, writeStream(this.request, body.content, announced))
  }

  private sendStream(runtime: Runtime.Runtime<never>, write: Effect.Effect<void, unknown>): void {
    const program = Effect.matchCause(write, {
      onSuccess: () => undefined,
      onFailure: (cause) => {
        if (this.isOver) return
        const reason = Cause.isInterruptedOnly(cause) ? "interrupted itself" : "failed"
        const error = Cause.squash(cause)
        this.abort(Http2Error.isHttp2Error(error) ? error : userFailure(`the body of the request ${reason}`, error))
      }
    })
    this.fiber = Runtime.runFork(runtime)(program)
  }

  /** The server sees a request that broke off, never one that is complete and shorter. Who reads the response by now hears of it there. */
  private abort(error: Http2Error.Http2Error): void {
    this.failed(error)
    this.response?.destroy(error)
    this.request.destroy()
  }

  private failed(error: Error): void {
    if (this.isAnswered) return
    this.isAnswered = true
    const isStale = this.request.reusedSocket && idempotent.has(this.outgoing.method)
    this.listener.onFailure(Http2Error.isHttp2Error(error) ? error : fromSocketError(error), isStale)
  }

  unsafeCancel(): void {
    this.isOver = true
    this.isAnswered = true
    this.request.destroy()
  }
}
