/**
 * The pools of a client, and what Effect does for them: time, metrics and the log, sockets and connections of HTTP/2, each opened in a fiber that the client's end
 * interrupts. Made once for each client.
 */
import type * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import type { Skin } from "@effect-http2/node/client/poolContext"
import { forProxies } from "@effect-http2/node/client/poolOptions"
import { Pools } from "@effect-http2/node/client/pools"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { dial } from "./dial.js"
import { begin, type Fork } from "./forked.js"
import { Http1Incoming, type Incoming } from "./incoming.js"
import { openHttp2 } from "./openHttp2.js"
import { type Options, resolve, type Resolved } from "./options.js"
import { countLimit, metricsIn } from "./poolMetrics.js"
import { Tunnels } from "./tunnels.js"

const skinOf = (options: Resolved, tunnels: Tunnels, context: Context.Context<never>, fork: Fork): Skin<Incoming> => {
  const clock = Context.get(context, Clock.Clock)
  const random = Context.get(context, Random.Random)
  return {
    timer: {
      now: () => clock.currentTimeMillisUnsafe(),
      after: (millis, task) => {
        const fiber = fork(Effect.andThen(Effect.sleep(millis), Effect.sync(task)))
        return () => fiber.interruptUnsafe()
      }
    },
    random: () => random.nextDoubleUnsafe(),
    dial: (origin, protocols, done) => begin(fork, dial(origin, protocols, options.pool, tunnels, fork), done),
    openHttp2: (opened, origin, owner, reusable, done) =>
      void begin(fork, openHttp2(opened, origin, options, fork, owner, reusable), done),
    toResponse: (response) => new Http1Incoming(response),
    metrics: metricsIn(context),
    reports: {
      limitReached: (limit) => countLimit(limit, context),
      warn: (message, details) => void fork(Effect.annotateLogs(Effect.logWarning(message), details)),
      format: (millis) => Duration.format(Duration.millis(millis))
    }
  }
}

/** The pools of origins, and of the proxies on the way to them: nothing stands on the way to those. */
const poolsOf = (
  options: Resolved,
  context: Context.Context<never>,
  fork: Fork
): { readonly origins: Pools<Incoming>; readonly proxies: Pools<Incoming> | undefined } => {
  const { pool } = options
  const proxies =
    pool.proxy === undefined ? undefined : poolsOf({ ...options, pool: forProxies(pool) }, context, fork).origins
  const tunnels = new Tunnels(pool, fork, (origin) => proxies?.of(origin))
  const origins = new Pools(pool, skinOf(options, tunnels, context, fork))
  return { origins, proxies }
}

const close = (pools: Pools<Incoming>): Effect.Effect<void> =>
  Effect.callback((resume) => pools.close(() => resume(Effect.void)))

/** Pools that are closed at the end of the scope. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Pools<Incoming>, Http2Error.ConnectionError, Scope.Scope> {
  const resolved = yield* resolve(options)
  const context = yield* Effect.context()
  const fork = Effect.runForkWith(context)
  const { origins } = yield* Effect.acquireRelease(
    Effect.sync(() => poolsOf(resolved, context, fork)),
    ({ origins, proxies }) => Effect.andThen(close(origins), proxies === undefined ? Effect.void : close(proxies))
  )
  return origins
})
