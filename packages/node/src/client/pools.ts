/**
 * The pools of all origins that a client talks to, for as long as they are of use. Made once for each client, called for each request.
 */
import type { Origin } from "./origin.js"
import { Pool } from "./pool.js"
import type { PoolContext, Skin } from "./poolContext.js"
import type { Resolved } from "./poolOptions.js"
import { forwardFields } from "./proxyTunnel.js"
import { ReusableConnections } from "./reusableConnections.js"

/** How many pools there are before those that are kept for what they know only are dropped. */
const maxPools = 1024

export class Pools<Response> {
  private readonly pools = new Map<string, Pool<Response>>()
  /** Those that were forgotten, and replaced, before they had to open a connection for a request. */
  private readonly detached = new Set<Pool<Response>>()
  private readonly context: PoolContext<Response, Pool<Response>>
  private isClosed = false

  constructor(
    readonly options: Resolved,
    skin: Skin<Response>
  ) {
    this.context = {
      options,
      skin,
      // Connections that were opened at once are not replaced at once.
      expiry: () => skin.timer.now() + options.maxConnectionAge * (0.9 + 0.2 * skin.random()),
      isClosed: () => this.isClosed,
      proxyHeaders: (origin) => forwardFields(origin, options),
      reusable: options.reuseConnections ? new ReusableConnections(options) : undefined,
      onBusy: (pool) => {
        const { key } = pool.origin
        if (!this.pools.has(key)) this.pools.set(key, pool)
        else if (this.pools.get(key) !== pool) this.detached.add(pool)
      },
      onIdle: (pool) => {
        this.detached.delete(pool)
        if (this.pools.get(pool.origin.key) === pool) this.pools.delete(pool.origin.key)
      }
    }
  }

  of(origin: Origin): Pool<Response> {
    return this.pools.get(origin.key) ?? this.open(origin)
  }

  private open(origin: Origin): Pool<Response> {
    if (this.pools.size >= maxPools) {
      for (const [key, pool] of this.pools) if (pool.isQuiet) this.pools.delete(key)
    }
    const pool = new Pool(origin, this.context)
    this.pools.set(origin.key, pool)
    return pool
  }

  /** Ends everything; `done` is told behind that. */
  close(done: () => void): void {
    this.isClosed = true
    const open = [...this.pools.values(), ...this.detached]
    let left = open.length
    if (left === 0) return done()
    for (const pool of open) {
      pool.close(() => {
        if (--left === 0) done()
      })
    }
  }
}
