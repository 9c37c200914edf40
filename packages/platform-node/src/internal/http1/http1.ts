/**
 * The HTTP/1.1 side of a port: `node:http`'s server, which does not listen but is handed the sockets that speak HTTP/1.1, each with the application that
 * answers it. The end of an application is here.
 */
import { Http1Server, type Limits as ServerLimits, type OnUpgrade } from "@effect-http2/node/http1/http1Server"
import { ServeError } from "@effect/platform/HttpServerError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Net from "node:net"
import type { Http1Application } from "./http1Application.js"

/** What is counted and timed over HTTP/2 too, by the same options. */
export interface Limits {
  readonly headersTimeout: Duration.DurationInput
  readonly idleTimeout: Duration.DurationInput
  readonly maxHeaderListSize: number
  readonly maxHeaderFields: number
}

const inMillis = (limits: Limits): ServerLimits => ({
  headersTimeout: Duration.toMillis(limits.headersTimeout),
  idleTimeout: Duration.toMillis(limits.idleTimeout),
  maxHeaderListSize: limits.maxHeaderListSize,
  maxHeaderFields: limits.maxHeaderFields
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

/** Fails with what Node says of the options. */
export const make = (limits: Limits, options: Http.ServerOptions): Effect.Effect<Http1, ServeError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => new Http1Server(inMillis(limits), options),
      catch: (cause) => new ServeError({ cause })
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(
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
