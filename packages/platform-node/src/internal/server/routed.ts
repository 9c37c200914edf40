/**
 * An `HttpRouter` that is served as it is: the same dispatch as `HttpRouter.toHttpApp`, but the routes' effects are made once, and the route
 * is put into the context that the request has of its own, in place of another one around the handler. Called by application.ts.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Predicate from "effect/Predicate"
import * as FindMyWay from "find-my-way-ts"
import { isServerRequest } from "./serverRequest.js"

type Router<E, R> = HttpRouter.HttpRouter<E, R>

const isRouter = <E, R>(app: HttpApp.Default<E, R> | Router<E, R>): app is Router<E, R> =>
  Predicate.hasProperty(app, HttpRouter.TypeId)

class RouteContext<E, R> implements HttpRouter.RouteContext {
  declare readonly [HttpRouter.RouteContextTypeId]: HttpRouter.RouteContextTypeId
  constructor(
    readonly route: HttpRouter.Route<E, R>,
    readonly params: Readonly<Record<string, string | undefined>>
  ) {}
}
Object.defineProperty(RouteContext.prototype, HttpRouter.RouteContextTypeId, { value: HttpRouter.RouteContextTypeId })

/** A route, and what runs it. */
interface Target<E, R> {
  readonly route: HttpRouter.Route<E, R>
  readonly run: Effect.Effect<HttpServerResponse, E, R>
}

const targetOf = <E, R>(route: HttpRouter.Route<E, R>): Target<E, R> => {
  const run = Effect.flatMap(route.handler, HttpServerRespondable.toResponse)
  // What a handler is given with the request is in its context.
  return {
    route,
    run: (route.uninterruptible ? run : Effect.interruptible(run)) as Effect.Effect<HttpServerResponse, E, R>
  }
}

/** Whether all that routes need is looked up by method and path. */
const isPlain = <E, R>(router: Router<E, R>): boolean =>
  Chunk.isEmpty(router.mounts) && Chunk.every(router.routes, (route) => route.prefix._tag === "None")

const build = <E, R>(
  router: Router<E, R>,
  config: Partial<FindMyWay.RouterConfig>,
  unchanged: HttpApp.Default<E | HttpServerError.RouteNotFound, R>
): HttpApp.Default<E | HttpServerError.RouteNotFound, R> => {
  const targets = FindMyWay.make<Target<E, R>>(config)
  for (const route of router.routes) {
    if (route.method === "*") targets.all(route.path, targetOf(route))
    else targets.on(route.method, route.path, targetOf(route))
  }
  return Effect.withFiberRuntime<
    HttpServerResponse,
    E | HttpServerError.RouteNotFound,
    R | HttpServerRequest.HttpServerRequest
  >((fiber) => {
    const services = fiber.currentContext.unsafeMap
    const request = Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)
    // A middleware has put something around the handler: the context is not the request's own.
    if (!isServerRequest(request) || request.services !== services) return unchanged
    const { method, url } = request
    const found = targets.find(method, url) ?? (method === "HEAD" ? targets.find("GET", url) : undefined)
    if (found === undefined) return Effect.fail(new HttpServerError.RouteNotFound({ request }))
    const { route, run } = found.handler
    request.services.set(HttpServerRequest.ParsedSearchParams.key, found.searchParams)
    request.services.set(HttpRouter.RouteContext.key, new RouteContext(route, found.params))
    const { currentSpan } = fiber
    if (currentSpan?._tag === "Span") currentSpan.attribute("http.route", route.path)
    return run
  })
}

/** The same application, which costs less. Routes that cannot be fail with the first request, as they do elsewhere. */
export const direct = <E, R>(app: HttpApp.Default<E, R>): Effect.Effect<HttpApp.Default<E, R>> =>
  Effect.map(FiberRef.get(HttpRouter.currentRouterConfig), (config) => {
    if (!isRouter(app) || !isPlain(app)) return app
    try {
      // RouteNotFound is among the errors of a router.
      return build(app, config, app) as HttpApp.Default<E, R>
    } catch {
      return app
    }
  })
