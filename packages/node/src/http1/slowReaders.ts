/**
 * Whether the peers of connections of HTTP/1.1 take what they are sent, in the same budgets as the streams of HTTP/2 (CVE-2019-9511, CVE-2019-9517). A
 * socket that takes nothing more says only that nobody reads at its other end: a reader that pauses is no attack, and what it has us hold is bounded.
 * Whoever is gone, the system finds out by itself. Made by http1Server.ts.
 */
import { sharedBudget, type Stalled, StallBudget } from "@effect-http2/engine/connection/stallBudget"
import type { Http2Stats } from "@effect-http2/engine/Http2Stats"
import type * as Http from "node:http"
import type * as Net from "node:net"
import { queuedOctets } from "./nodeInternals.js"

/** Octets that a connection is counted for besides those that wait, and of which the peer has to take more within `stallTimeout`: as over HTTP/2. */
const cost = 16_384

/** What bounds slow readers; the time in ms. */
export interface StallLimits {
  readonly stallTimeout: number
  readonly maxStalledOctets: number
  readonly maxTotalStalledOctets: number
}

/** What is counted with, and who is told. */
export interface StallPorts {
  /** What the connections of HTTP/2 of the same port count into. */
  readonly stats: Http2Stats
  /** Of the clock, in ms. */
  readonly now: () => number
  /** A connection was closed; `limit` is the option that says so. */
  readonly onGivenUp: (socket: Net.Socket, limit: string) => void
}

class SlowReader implements Stalled {
  private readonly own = new StallBudget("maxStalledOctets")
  private readonly total: StallBudget
  private since = Number.POSITIVE_INFINITY
  /** When the peer was seen to move last: octets that it had taken then, and those that the system held back of the write that was under way. */
  private taken = 0
  private queued = 0

  constructor(
    private readonly socket: Net.Socket,
    private readonly responses: ReadonlySet<Http.ServerResponse>,
    private readonly ports: StallPorts
  ) {
    this.total = sharedBudget(ports.stats)
  }

  /** With what waits for the peer: in the socket, and of the responses of a pipeline that have no socket yet. */
  get heldOctets(): number {
    let octets = cost + this.socket.writableLength
    for (const { socket, writableLength } of this.responses) if (socket === null) octets += writableLength
    return octets
  }

  get stalledSince(): number {
    const { ports, socket } = this
    if (socket.destroyed || socket.writableLength === 0) return (this.since = Number.POSITIVE_INFINITY)
    const taken = socket.bytesWritten - socket.writableLength
    const queued = queuedOctets(socket)
    // Within one write, all that shows is what the system has of it still.
    const moved = taken === this.taken ? this.queued - queued : taken - this.taken
    if (this.since < Number.POSITIVE_INFINITY && moved < cost) return this.since
    this.taken = taken
    this.queued = queued
    return (this.since = ports.now())
  }

  look({ maxStalledOctets, maxTotalStalledOctets, stallTimeout }: StallLimits): void {
    const overdue = this.ports.now() - stallTimeout
    if (this.stalledSince > overdue) return this.forget()
    this.own.add(this)
    this.total.add(this)
    this.own.enforce(maxStalledOctets, overdue)
    this.total.enforce(maxTotalStalledOctets, overdue)
  }

  giveUp(limit: string): void {
    this.forget()
    this.socket.destroy()
    this.ports.onGivenUp(this.socket, limit)
  }

  /** It moves, or is over. */
  forget(): void {
    if (this.own.octets === 0) return
    this.own.remove(this)
    this.total.remove(this)
  }
}

/** Of all connections of a server. */
export class SlowReaders {
  private readonly readers = new Map<Net.Socket, SlowReader>()

  constructor(
    private readonly limits: StallLimits,
    private readonly ports: StallPorts
  ) {}

  /** `responses`: those of the connection that are not done. Until `delete` is called, or the socket has closed. */
  add(socket: Net.Socket, responses: ReadonlySet<Http.ServerResponse>): void {
    this.readers.set(socket, new SlowReader(socket, responses, this.ports))
    socket.once("close", () => this.delete(socket))
  }

  delete(socket: Net.Socket): void {
    this.readers.get(socket)?.forget()
    this.readers.delete(socket)
  }

  /** How often `look` is to be called, in ms: who has stood for too long is found a quarter of `stallTimeout` later at most. */
  get period(): number {
    return Math.max(1, Math.min(this.limits.stallTimeout / 4, 10_000))
  }

  /** Closes the connections that have stood longest, where all that stand hold too much. */
  look(): void {
    for (const reader of this.readers.values()) reader.look(this.limits)
  }
}
