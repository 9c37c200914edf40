/**
 * The HTTP/1.1 side of a port: `node:http`'s server, which does not listen but is handed the sockets that speak HTTP/1.1, each with the application that
 * answers it. The end of an application is here.
 */
import type { Http2Stats } from "@effect-http2/http2/Http2Stats"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import { Http1Server, type Limits as ServerLimits, type OnUpgrade } from "@effect-http2/node/http1/http1Server"
import { ServeError } from "@effect/platform/HttpServerError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Net from "node:net"
import type { Http1Application } from "./http1Application.js"

/** What is counted and timed over HTTP/2 too, by the same options. */
export interface Limits {
  readonly headersTimeout: Duration.DurationInput
  readonly idleTimeout: Duration.DurationInput
  readonly stallTimeout: Duration.DurationInput
  readonly maxHeaderListSize: number
  readonly maxHeaderFields: number
  readonly maxStalledOctets: number
  readonly maxTotalStalledOctets: number
}

const inMillis = (limits: Limits): ServerLimits => ({
  ...limits,
  headersTimeout: Duration.toMillis(limits.headersTimeout),
  idleTimeout: Duration.toMillis(limits.idleTimeout),
  stallTimeout: Duration.toMillis(limits.stallTimeout)
})

/** What handlers that are interrupted at the end have for their finalizers in any case, in ms; as over HTTP/2. */
const finalizersTimeout = 1000

/** The connections of an application. */
export interface Http1Connections {
  readonly accept: (socket: Net.Socket, onUpgrade: OnUpgrade) => void
  /** Lets what is on its way finish, up to the time given, ends all connections that are not upgraded, and interrupts the handlers that run. */
  readonly drain: (timeout: Duration.DurationInput) => Effect.Effect<void>
}

/** What port.ts needs of it. */
export interface Http1 {
  readonly connectionsOf: (application: Http1Application) => Http1Connections
}

const makeServer = (
  limits: Limits,
  options: Http.ServerOptions,
  stats: Http2Stats
): Effect.Effect<Http1Server, ServeError> =>
  Effect.flatMap(Effect.zip(InterruptibleRuntime.capture(), Effect.clock), ([runtime, clock]) =>
    Effect.try({
      try: () =>
        new Http1Server(inMillis(limits), options, {
          stats,
          now: () => clock.unsafeCurrentTimeMillis(),
          onGivenUp: ({ remoteAddress }, limit) => {
            const said = `a connection of HTTP/1.1 was closed, whose client does not read (${limit})`
            Runtime.runFork(runtime)(Effect.logDebug(said, { remoteAddress }))
          }
        }),
      catch: (cause) => new ServeError({ cause })
    })
  )

/** For as long as the server is there. */
const watchSlowReaders = ({ slowReaders }: Http1Server): Effect.Effect<void, never, Scope.Scope> =>
  Effect.sync(() => slowReaders.look()).pipe(
    Effect.delay(slowReaders.period),
    Effect.forever,
    Effect.interruptible,
    Effect.forkScoped,
    Effect.asVoid
  )

/** Fails with what Node says of the options. `stats` are those of the connections of HTTP/2 of the same port. */
export const make = (
  limits: Limits,
  options: Http.ServerOptions,
  stats: Http2Stats
): Effect.Effect<Http1, ServeError, Scope.Scope> =>
  Effect.acquireRelease(makeServer(limits, options, stats), (server) => Effect.sync(() => server.close())).pipe(
    Effect.tap(watchSlowReaders),
    Effect.map((server) => ({
      connectionsOf: (application): Http1Connections => ({
        accept: (socket, onUpgrade) => server.accept(socket, application, onUpgrade),
        drain: (timeout) =>
          Effect.gen(function* () {
            const endsAt = (yield* Clock.currentTimeMillis) + Duration.toMillis(timeout)
            const drained = Effect.async<void>((resume) => server.drain(application, () => resume(Effect.void)))
            yield* Effect.timeoutOption(Effect.interruptible(drained), timeout)
            server.destroyAll(application)
            yield* application.end(Math.max(endsAt - (yield* Clock.currentTimeMillis), finalizersTimeout))
          })
      })
    }))
  )
