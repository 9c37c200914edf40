/**
 * The pools of a client, and what Effect does for them: time, metrics and the log, sockets and connections of HTTP/2, each opened in a fiber that the client's end
 * interrupts. Made once for each client.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type { Skin } from "@effect-http2/node/client/poolContext"
import { forProxies } from "@effect-http2/node/client/poolOptions"
import { Pools } from "@effect-http2/node/client/pools"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { begin, type Fork, interrupting } from "../wire/forked.js"
import { Http1Incoming, type Incoming } from "../wire/incoming.js"
import { dial } from "./dial.js"
import { openHttp2 } from "./openHttp2.js"
import { type Options, resolve, type Resolved } from "./options.js"
import { countLimit, metrics } from "./poolMetrics.js"
import { Tunnels } from "./tunnels.js"

/** The pools of a client, and its fibers. */
export interface ClientPools {
  readonly pools: Pools<Incoming>
  readonly fork: Fork
}

/** What is taken from where the client is made. */
interface Given {
  readonly fork: Fork
  readonly clock: Clock.Clock
  readonly random: () => number
}

const skinOf = (options: Resolved, tunnels: Tunnels, { clock, fork, random }: Given): Skin<Incoming> => ({
  timer: {
    now: () => clock.unsafeCurrentTimeMillis(),
    after: (millis, task) => interrupting(fork(Effect.zipRight(Effect.sleep(millis), Effect.sync(task))))
  },
  random,
  dial: (origin, protocols, done) => begin(fork, dial(origin, protocols, options.pool, tunnels, fork), done),
  openHttp2: (opened, origin, owner, reusable, done) =>
    void begin(fork, openHttp2(opened, origin, options, fork, owner, reusable), done),
  toResponse: (response) => new Http1Incoming(response),
  metrics,
  reports: {
    limitReached: countLimit,
    warn: (message, details) => void fork(Effect.annotateLogs(Effect.logWarning(message), details)),
    format: (millis) => Duration.format(Duration.millis(millis))
  }
})

/** The pools of origins, and of the proxies on the way to them: nothing stands on the way to those. */
const poolsOf = (
  options: Resolved,
  given: Given
): { readonly origins: Pools<Incoming>; readonly proxies: Pools<Incoming> | undefined } => {
  const { pool } = options
  const proxies = pool.proxy === undefined ? undefined : poolsOf({ ...options, pool: forProxies(pool) }, given).origins
  const tunnels = new Tunnels(pool, given.fork, (origin) => proxies?.of(origin))
  const origins = new Pools(pool, skinOf(options, tunnels, given))
  return { origins, proxies }
}

const close = (pools: Pools<Incoming>): Effect.Effect<void> =>
  Effect.async((resume) => pools.close(() => resume(Effect.void)))

/** Pools that are closed at the end of the scope. */
export const make = (options: Options): Effect.Effect<ClientPools, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* resolve(options)
    const runtime = yield* InterruptibleRuntime.capture()
    const fork = Runtime.runFork(runtime)
    const clock = yield* Effect.clock
    const random = yield* Effect.random
    const given: Given = { fork, clock, random: () => Runtime.runSync(runtime)(random.next) }
    const { origins } = yield* Effect.acquireRelease(
      Effect.sync(() => poolsOf(resolved, given)),
      ({ origins, proxies }) => Effect.zipRight(close(origins), proxies === undefined ? Effect.void : close(proxies))
    )
    return { pools: origins, fork }
  })
