/**
 * The open connections of a client that requests to other origins may go over (RFC 9113 §9.1.1, RFC 8336 §2.4): those of HTTP/2 over TLS, whose
 * certificate is good for the other host, and whose server says that it answers for it, or is where the other host is. One for all pools of a client.
 */
import { addressesOf, plain } from "./addresses.js"
import type { Cancel, Timer } from "./exchange.js"
import type { Http2Connection } from "./http2Connection.js"
import type { Origin } from "./origin.js"
import type { Resolved } from "./poolOptions.js"

/** Connections that take a request now. */
export interface Candidates<Response> {
  /** One whose Origin Set has the origin. */
  readonly sure: Http2Connection<Response> | undefined
  /** Those that do, if the host has their address. */
  readonly byAddress: ReadonlyArray<Http2Connection<Response>>
}

const nobody: Candidates<never> = { sure: undefined, byAddress: [] }

export class ReusableConnections<Response> {
  private readonly connections = new Set<Http2Connection<Response>>()

  constructor(private readonly options: Resolved) {}

  add(connection: Http2Connection<Response>): void {
    if (!connection.origin.isTls) return
    this.connections.add(connection)
    this.originsChanged(connection)
  }

  remove(connection: Http2Connection<Response>): void {
    if (!this.connections.delete(connection)) return
    for (const other of this.connections) if (other.supersededBy === connection) other.supersede(this.superiorTo(other))
  }

  /** Connections that `origin` may be asked over; not those that `isKnown` is true of. */
  candidates(origin: Origin, isKnown: (connection: Http2Connection<Response>) => boolean): Candidates<Response> {
    if (!origin.isTls || this.connections.size === 0) return nobody
    const byAddress: Array<Http2Connection<Response>> = []
    for (const connection of this.connections) {
      if (connection.isOwnOf(origin) || isKnown(connection) || connection.availableStreams() <= 0) continue
      if (connection.isSupersededFor(origin) || !this.mayCarry(connection, origin)) continue
      if (connection.originSet !== undefined) return { sure: connection, byAddress: [] }
      if (connection.isDirect && connection.origin.port === origin.port) byAddress.push(connection)
    }
    return { sure: undefined, byAddress }
  }

  /** Whether its server may answer for `origin`, as far as Origin Set and certificate tell, and both are reached the same way. */
  private mayCarry(connection: Http2Connection<Response>, origin: Origin): boolean {
    const { proxy } = this.options
    const isSameWay = proxy === undefined || proxy.proxyOf(connection.origin)?.href === proxy.proxyOf(origin)?.href
    return isSameWay && connection.serves(origin) && connection.identity.isValidFor(origin.host)
  }

  /** Finds one of `connections` that is connected to an address of the host; `done` is told once, behind a cancel too. */
  atAddress(
    origin: Origin,
    connections: ReadonlyArray<Http2Connection<Response>>,
    timer: Timer,
    done: (connection: Http2Connection<Response> | undefined) => void
  ): Cancel {
    const { connectTimeout, lookup } = this.options
    let isDone = false
    const settle = (addresses: ReadonlyArray<string>): void => {
      if (isDone) return
      isDone = true
      stop()
      done(
        connections.find(
          (connection) =>
            connection.remoteAddress !== undefined &&
            addresses.includes(plain(connection.remoteAddress)) &&
            connection.serves(origin)
        )
      )
    }
    // None in time: the dial that follows says why.
    const none = (): void => settle([])
    const stop = timer.after(connectTimeout, none)
    addressesOf(origin.host, lookup, settle)
    return none
  }

  /** What the server of `connection` says that it answers for has changed. */
  originsChanged(connection: Http2Connection<Response>): void {
    if (!this.connections.has(connection)) return
    connection.supersede(this.superiorTo(connection))
    for (const other of this.connections) {
      if (other.supersededBy === connection || this.isSuperior(connection, other)) {
        other.supersede(this.superiorTo(other))
        other.changed()
      }
    }
  }

  private superiorTo(connection: Http2Connection<Response>): Http2Connection<Response> | undefined {
    for (const other of this.connections) if (this.isSuperior(other, connection)) return other
    return undefined
  }

  /** Whether `connection` can stand in for `other`: its Origin Set has all that the other one has, and more (RFC 8336 §2.4). */
  private isSuperior(connection: Http2Connection<Response>, other: Http2Connection<Response>): boolean {
    const { originSet } = connection
    const less = other.originSet
    if (originSet === undefined || less === undefined || less.size >= originSet.size) return false
    for (const origin of less) if (!originSet.has(origin)) return false
    return this.mayCarry(connection, other.origin)
  }
}
