/**
 * One port for whatever its clients speak, as `HttpServer` has it: it makes of an application of the platform one that has connections. Made by
 * `NodeHttp2Server.make`.
 */
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Application from "../server/application.js"
import { CurrentLimits } from "../server/boundedSocket.js"
import { type WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import type { Http1 } from "../http1/http1.js"
import { Applications } from "./applications.js"
import { type ApplicationOptions, ServedApplication } from "./servedApplication.js"
import * as Http1Application from "../http1/http1Application.js"

/** What the connections of a port have in common. */
export interface PortOptions extends ApplicationOptions {
  readonly http2: Http2Server.ServerOptions
  readonly webSocketLimits: WebSocketLimits
  /** Octets of the bodies that are read whole, where the application says nothing else. */
  readonly maxBodySize: FileSystem.SizeInput | undefined
}

export class Port {
  private readonly applications = new Applications()
  /** For each connection that is accepted. */
  readonly connect = this.applications.connect

  constructor(
    private readonly options: PortOptions,
    private readonly http1: Http1 | undefined
  ) {}

  /** What `HttpServer.serve` is. The end of the scope drains all connections, while what the application needs is still there. */
  readonly serve = (
    httpApp: HttpApp.Default<unknown>,
    middleware?: HttpMiddleware.HttpMiddleware
  ): Effect.Effect<void, never, Scope.Scope> => {
    const { applications, http1, options } = this
    return Effect.gen(function* () {
      const connections =
        http1 === undefined
          ? undefined
          : http1.connectionsOf(
              yield* withMaxBodySize(
                Http1Application.make(httpApp, middleware, options.webSocketLimits),
                options.maxBodySize
              )
            )
      const application = yield* Effect.provideService(
        Application.make(httpApp, middleware, options.maxBodySize),
        CurrentLimits,
        options.webSocketLimits
      )
      const { handler, policy } = application
      // What is wrong with the options, who listens has found.
      const acceptor = yield* Effect.orDie(Http2Server.acceptor(handler, { ...options.http2, handlerPolicy: policy }))
      yield* applications.serve(new ServedApplication(acceptor, options, connections))
    })
  }
}

/** `effect` with the limit that the bodies of requests have, where the user has not set one. */
const withMaxBodySize = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  maxBodySize: FileSystem.SizeInput | undefined
): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(effect, (context: Context.Context<R>) =>
    maxBodySize === undefined || context.unsafeMap.has(HttpIncomingMessage.MaxBodySize.key)
      ? context
      : Context.add(context, HttpIncomingMessage.MaxBodySize, Option.some(FileSystem.Size(maxBodySize)))
  )
