/**
 * The connections of other origins that a pool sends requests over, beside its own. Made by pool.ts where connections are to be reused.
 */
import type { Cancel, Connection, Timer } from "./exchange.js"
import type { ConnectionUser, Http2Connection } from "./http2Connection.js"
import type { Origin } from "./origin.js"
import type { ReusableConnections } from "./reusableConnections.js"

/** Tells `done` once whether there is one, behind a cancel too. */
export type LookUp = (done: (isFound: boolean) => void) => Cancel

export class ReusedConnections<Response> implements ConnectionUser<Response> {
  private readonly connections = new Set<Http2Connection<Response>>()

  constructor(
    private readonly origin: Origin,
    private readonly reusable: ReusableConnections<Response>,
    private readonly timer: Timer,
    /** One may take a request again, or is gone. */
    private readonly onChange: (isGone: boolean) => void
  ) {}

  get isEmpty(): boolean {
    return this.connections.size === 0
  }

  /** Whether one is being asked whether it lives. */
  get isPending(): boolean {
    for (const connection of this.connections) if (connection.isProbing) return true
    return false
  }

  /** One that takes a request now. */
  find(excluded: Connection<Response> | undefined): Http2Connection<Response> | undefined {
    for (const connection of this.connections) {
      if (connection === excluded || connection.availableStreams() <= 0) continue
      // What its server says may have changed since.
      if (
        connection.serves(this.origin) &&
        !connection.isSupersededFor(this.origin) &&
        connection.owner.isReady(connection)
      )
        return connection
    }
    return undefined
  }

  /** Finds one more: at once where that can be told at once, undefined where there is none, else by a look at the host's addresses. */
  findMore(): true | LookUp | undefined {
    const { byAddress, sure } = this.reusable.candidates(this.origin, (connection) => this.connections.has(connection))
    if (sure !== undefined) return this.add(sure)
    if (byAddress.length === 0) return undefined
    return (done) =>
      this.reusable.atAddress(this.origin, byAddress, this.timer, (connection) =>
        done(connection !== undefined && this.add(connection))
      )
  }

  private add(connection: Http2Connection<Response>): true {
    this.connections.add(connection)
    connection.addUser(this)
    return true
  }

  onCapacity(connection: Http2Connection<Response>): void {
    const isGone = connection.isDraining || !connection.serves(this.origin)
    if (isGone) this.connections.delete(connection)
    if (isGone) connection.removeUser(this)
    this.onChange(isGone)
  }
}
