/**
 * A platform application as a handler of the engine: what `NodeHttpServer.makeHandler` is for `node:http`. All that can be decided when
 * it is served is decided then; for a request there is one context, made in one go, with the request, its scope and its span. Called by
 * port.ts and `NodeHttp2Server.makeHandler`.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { ejectedScopesOf } from "../effectInternals.js"
import { respond, respondExit, withResponse } from "./handled.js"
import * as Routed from "./routed.js"
import * as ServerRequest from "./serverRequest.js"
import * as Tracing from "./tracing.js"

const ejectedScopes = ejectedScopesOf(HttpApp.ejectDefaultScopeClose)

type Handled = Effect.Effect<Http2ServerResponse.Http2ServerResponse>

/** The engine's response is not used, since the application has sent its own. It goes out where even the error could not. */
const afterwards = Http2ServerResponse.empty({ status: 500, headers: { "content-length": "0" } })
const done: Handled = Exit.succeed(afterwards)

/** What the application is given with each request. */
class Policy implements Http2Server.HandlerPolicy {
  readonly isInterruptible = false

  constructor(
    private readonly services: ReadonlyMap<string, unknown>,
    private readonly tracing: Tracing.Tracing
  ) {}

  readonly contextOf = (source: Http2ServerRequest.Http2ServerRequest, scope: Scope.Scope): Context.Context<never> => {
    const services = new Map(this.services)
    const request = ServerRequest.make(source)
    services.set(Scope.Scope.key, scope)
    services.set(HttpServerRequest.HttpServerRequest.key, request)
    request.services = services
    request.span = this.tracing.spanOf(request)
    if (request.span !== undefined) services.set(Tracer.ParentSpan.key, request.span)
    return Context.unsafeMake(services)
  }
}

/** A failure that nobody took care of is told as that of a fiber would be. What the client has brought about the engine tells, once a connection. */
const reportUnhandled = (
  source: Http2ServerRequest.Http2ServerRequest,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> =>
  Cause.isInterruptedOnly(cause) || source.isCausedByPeer(cause)
    ? Effect.void
    : Effect.flatMap(FiberRef.get(FiberRef.unhandledErrorLogLevel), (level) =>
        Option.isNone(level)
          ? Effect.void
          : Effect.logWithLevel(level.value, "Fiber terminated with an unhandled error", cause)
      )

const isCloseable = (scope: Scope.Scope): scope is Scope.CloseableScope => Scope.CloseableScopeTypeId in scope

/** What the application came to, with its response on its way. The engine closes the scope of one that succeeded. */
const end = (request: ServerRequest.ServerRequest, scope: Scope.Scope, exit: Exit.Exit<unknown, unknown>): Handled => {
  const isEjected = ejectedScopes?.has(scope) === true
  if (isEjected) request.http2.unsafeLeaveScopeOpen()
  if (Exit.isSuccess(exit)) return done
  const close = isEjected || !isCloseable(scope) ? Effect.void : Scope.close(scope, exit)
  return Effect.zipRight(Effect.zipRight(close, reportUnhandled(request.http2, exit.cause)), done)
}

const toHandled = <R>(app: HttpApp.Default<unknown, R>, hasMiddleware: boolean) =>
  Effect.withFiberRuntime<Http2ServerResponse.Http2ServerResponse, never, R | HttpServerRequest.HttpServerRequest>(
    (fiber) => {
      const { currentContext } = fiber
      const request = Context.unsafeGet(currentContext, HttpServerRequest.HttpServerRequest)
      const scope = Context.unsafeGet(currentContext, Scope.Scope)
      if (!ServerRequest.isServerRequest(request)) return done
      const onExit = (exit: Exit.Exit<HttpServerResponse, unknown>): Handled => {
        request.span?.finish(exit)
        if (!hasMiddleware) return end(request, scope, exit)
        if (!request.http2.canRespond) return end(request, scope, Exit.void)
        return Effect.flatMap(Effect.exit(respondExit(request, exit)), (exit) => end(request, scope, exit))
      }
      return Effect.matchCauseEffect(app, {
        onFailure: (cause) => onExit(Exit.failCause(cause)),
        onSuccess: (response) => onExit(Exit.succeed(response))
      })
    }
  )

/** What `HttpApp.toHandled` makes of an application, as a handler. */
const plainly = <R>(handled: Effect.Effect<void, unknown, R>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.matchCauseEffect(handled, {
      onSuccess: () => done,
      onFailure: (cause) =>
        Effect.as(
          ServerRequest.isServerRequest(request) ? reportUnhandled(request.http2, cause) : Effect.void,
          afterwards
        )
    })
  )

/** A handler of the engine, and how it has to be run. */
export interface Application {
  readonly handler: Http2Server.Handler<never, never>
  readonly policy: Http2Server.HandlerPolicy
}

/** What an application needs that it is not given with each request. */
export type Services<R> = Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>

export const make = <E, R>(
  httpApp: HttpApp.Default<E, R>,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  /** Octets of the bodies that are read whole, where the application says nothing else. */
  maxBodySize: FileSystem.SizeInput | undefined,
  /** Whether what `HttpApp.toHandled` does is done here, in fewer steps. */
  isDirect = ejectedScopes !== undefined
): Effect.Effect<Application, never, Services<R>> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Services<R>>()
    const tracing = yield* Tracing.make
    const services = new Map<string, unknown>(context.unsafeMap)
    if (maxBodySize !== undefined && !services.has(HttpIncomingMessage.MaxBodySize.key)) {
      services.set(HttpIncomingMessage.MaxBodySize.key, Option.some(FileSystem.Size(maxBodySize)))
    }
    if (!isDirect) {
      const handled = plainly(HttpApp.toHandled(httpApp, respond, middleware)) as Handled
      return { handler: () => handled, policy: new Policy(services, Tracing.none) }
    }
    const responding = withResponse(yield* Routed.direct(httpApp))
    const app = tracing.wrap(middleware === undefined ? responding : middleware(responding))
    // The policy's context has all that it needs.
    const handled = toHandled(app, middleware !== undefined) as Handled
    return { handler: () => handled, policy: new Policy(services, tracing) }
  })

/** The application as a handler that brings its own context, for whoever runs it. */
export const makeHandler = <E, R>(
  httpApp: HttpApp.Default<E, R>,
  middleware?: HttpMiddleware.HttpMiddleware
): Effect.Effect<Http2Server.Handler<never, Scope.Scope>, never, Services<R>> =>
  Effect.map(
    make(httpApp, middleware, undefined),
    ({ handler, policy }): Http2Server.Handler<never, Scope.Scope> =>
      (request) =>
        Effect.mapInputContext(Effect.uninterruptible(handler(request)), (context: Context.Context<Scope.Scope>) =>
          policy.contextOf(request, Context.get(context, Scope.Scope))
        )
  )
