/**
 * The pools of all origins that a client talks to, for as long as they are of use. Made once for each client, called for each request.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { dial } from "./dial.js"
import type { Options } from "./options.js"
import { resolve, type Resolved } from "./options.js"
import { Pool } from "./pool.js"
import type { PoolContext } from "./poolContext.js"
import { ReusableConnections } from "./reusableConnections.js"
import type { Origin } from "@effect-http2/node/client/origin"
import { Tunnels } from "./tunnels.js"

/** How many pools there are before those that are kept for what they know only are dropped. */
const maxPools = 1024

export class Pools {
  private readonly pools = new Map<string, Pool>()
  /** Those that were forgotten, and replaced, before they had to open a connection for a request. */
  private readonly detached = new Set<Pool>()
  private readonly context: PoolContext<Pool>
  /** The connections to proxies: nothing stands on the way to these. */
  private readonly proxies: Pools | undefined
  private isClosed = false

  constructor(
    readonly options: Resolved,
    runtime: Runtime.Runtime<never>,
    now: () => number,
    /** From 0 to 1. */
    random: () => number
  ) {
    this.proxies =
      options.proxy === undefined
        ? undefined
        : new Pools(
            { ...options, proxy: undefined, hasPriorKnowledge: () => false, isProxy: true, reuseConnections: false },
            runtime,
            now,
            random
          )
    const tunnels = new Tunnels(options, runtime, (origin) => this.proxies?.of(origin))
    this.context = {
      options,
      runtime,
      now,
      // Connections that were opened at once are not replaced at once.
      expiry: () => now() + options.maxConnectionAge * (0.9 + 0.2 * random()),
      isClosed: () => this.isClosed,
      dial: (origin, protocols) => dial(origin, protocols, options, tunnels),
      proxyHeaders: (origin) => tunnels.forwardHeaders(origin),
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

  of(origin: Origin): Pool {
    return this.pools.get(origin.key) ?? this.open(origin)
  }

  private open(origin: Origin): Pool {
    if (this.pools.size >= maxPools) {
      for (const [key, pool] of this.pools) if (pool.isQuiet) this.pools.delete(key)
    }
    const pool = new Pool(origin, this.context)
    this.pools.set(origin.key, pool)
    return pool
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isClosed = true
      const all = Effect.forEach([...this.pools.values(), ...this.detached], ({ close }) => close, {
        concurrency: "unbounded",
        discard: true
      })
      return Effect.zipRight(all, this.proxies?.close ?? Effect.void)
    })
  }
}

/** Pools that are closed at the end of the scope. */
export const make = (options: Options): Effect.Effect<Pools, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* resolve(options)
    const runtime = yield* InterruptibleRuntime.capture()
    const clock = yield* Effect.clock
    const random = yield* Effect.random
    const now = (): number => clock.unsafeCurrentTimeMillis()
    return yield* Effect.acquireRelease(
      Effect.sync(() => new Pools(resolved, runtime, now, () => Runtime.runSync(runtime)(random.next))),
      ({ close }) => close
    )
  })
