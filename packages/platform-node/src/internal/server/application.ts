/**
 * A platform application as a handler of the engine: what `NodeHttpServer.makeHandler` does for `node:http`. Called by
 * `NodeHttp2Server`.
 */
import * as Http2Response from "@effect-http2/http2/Http2Response"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { toHttp2Response } from "./response.js"
import * as ServerRequest from "./serverRequest.js"

/** The application sends its responses itself; this is ignored. */
const sent = Http2Response.empty()

const respond = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse
): Effect.Effect<void, HttpServerError.ResponseError> =>
  Effect.suspend(() => {
    if (!ServerRequest.isServerRequest(request)) return Effect.dieMessage("the HttpServerRequest is not this server's")
    const { source } = request
    if (source.hasResponded || source.stream.error !== undefined) return Effect.void
    const toError = (cause: unknown): HttpServerError.ResponseError =>
      new HttpServerError.ResponseError({ request, response, reason: "Decode", cause })
    let converted: Http2Response.Http2Response
    try {
      converted = toHttp2Response(request.method, response)
    } catch (error) {
      return Effect.fail(toError(error))
    }
    const send = source.respond(converted)
    if (converted.body === undefined || converted.body instanceof Uint8Array) return Effect.mapError(send, toError)
    return Effect.catchAllCause(Effect.interruptible(send), (cause) =>
      source.hasResponded
        ? // The stream is reset. What was on its way is told to who logs and traces.
          Effect.failCause(Cause.sequential(Cause.map(cause, toError), Cause.die(response)))
        : Effect.failCause(Cause.map(cause, toError))
    )
  })

export const makeHandler = <E, R>(
  httpApp: HttpApp.Default<E, R>,
  middleware?: HttpMiddleware.HttpMiddleware
): Effect.Effect<
  Http2Server.Handler<never, Scope.Scope>,
  never,
  Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>
> => {
  type Services = Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>
  // What it needs is there in each context that is made below.
  const handled = Effect.as(HttpApp.toHandled(httpApp, respond, middleware), sent) as Effect.Effect<
    Http2Response.Http2Response,
    never,
    Services | HttpServerRequest.HttpServerRequest | Scope.Scope
  >
  return Effect.map(
    Effect.context<Services>(),
    (services): Http2Server.Handler<never, Scope.Scope> =>
      (request) =>
        Effect.mapInputContext(handled, (context: Context.Context<Scope.Scope>) =>
          Context.add(
            Context.merge(services, context),
            HttpServerRequest.HttpServerRequest,
            ServerRequest.make(request)
          )
        )
  )
}
