/**
 * A platform application as a handler of HTTP/2: what `NodeHttpServer.makeHandler` is for `node:http`. `HttpEffect.toHandled` runs it, and hands the response
 * over here. Called by port.ts and `NodeHttp2Server.makeHandler`.
 */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpEffect from "effect/http/HttpEffect"
import type * as HttpMiddleware from "effect/http/HttpMiddleware"
import { causeResponse } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as ServerRequest from "./serverRequest.js"
import { discardBody, holdsSource, toHttp2Response } from "./serverResponse.js"

/** The engine's response is not used, since the application has sent its own. It goes out where even the error could not. */
const afterwards = Http2ServerResponse.empty({ status: 500, headers: { "content-length": "0" } })

/**
 * What went wrong with a response: another one in its place, as the platform makes it of the cause, where nothing was sent. A response that had begun is broken off
 * by the engine; who logs and traces is told that it was on its way.
 */
const failed = (
  http2: Http2ServerRequest,
  response: HttpServerResponse,
  cause: Cause.Cause<unknown>
): Effect.Effect<never, unknown> => {
  if (!http2.canRespond) return Effect.failCause(Cause.combine(cause, Cause.die(response)))
  return Effect.flatMap(causeResponse(cause), ([{ status }, reported]) => {
    http2.respondUnsafe(Http2ServerResponse.empty({ status, headers: { "content-length": "0" } }))
    return Effect.failCause(reported)
  })
}

let connections = 0
/** Each connection has one peer object. */
const connectionIds = new WeakMap<object, number>()

const connectionIdOf = ({ peer }: Http2ServerRequest): number => {
  let id = connectionIds.get(peer)
  if (id === undefined) {
    id = ++connections
    connectionIds.set(peer, id)
  }
  return id
}

/** What the platform cannot know of a request, in the server's span of it, where there is one. */
const annotateSpan = (http2: Http2ServerRequest): void => {
  const fiber = Fiber.getCurrent()
  const span = fiber === undefined ? undefined : Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
  if (span?._tag !== "Span" || span.kind !== "server" || !span.sampled) return
  span.attribute("network.protocol.version", "2")
  span.attribute("http2.connection.id", connectionIdOf(http2))
  span.attribute("http2.stream.id", http2.stream.id)
}

/** Sends `response`, unless one was sent or nobody waits for it any more. What its body holds open is let go of, whatever becomes of it. */
const respond = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse
): Effect.Effect<unknown, unknown> => {
  if (!ServerRequest.isServerRequest(request)) {
    return Effect.die(new Error("the HttpServerRequest is not one of this server"))
  }
  const { http2, upgraded } = request
  if (upgraded !== undefined) return Effect.succeed(upgraded)
  if (!http2.canRespond) {
    discardBody(response)
    return Effect.void
  }
  annotateSpan(http2)
  try {
    const converted = toHttp2Response(request.method, response)
    const { body, trailers } = converted
    if (trailers === undefined && (body === undefined || body instanceof Uint8Array)) {
      http2.respondUnsafe(converted)
      return Effect.void
    }
    const sent = Effect.catchCause(Effect.interruptible(http2.respond(converted)), (cause) =>
      failed(http2, response, cause)
    )
    return holdsSource(response)
      ? Effect.ensuring(
          sent,
          Effect.sync(() => discardBody(response))
        )
      : sent
  } catch (error) {
    discardBody(response)
    return failed(http2, response, Cause.die(error))
  }
}

/** The engine breaks off what is interrupted; what else is left of a failure the platform has reported. */
const ended = (cause: Cause.Cause<unknown>): Effect.Effect<Http2ServerResponse.Http2ServerResponse> =>
  Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.succeed(afterwards)

/** A handler of the engine, and how it has to be run. */
export interface Application {
  readonly handler: Http2Server.Handler<never, never>
  readonly policy: Http2Server.HandlerPolicy
}

/** An application that is served with all that it needs but the request. */
export const make = <E, R>(
  httpEffect: Effect.Effect<HttpServerResponse, E, R>,
  middleware: HttpMiddleware.HttpMiddleware | undefined
): Effect.Effect<Application, never, Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>> =>
  Effect.contextWith((context: Context.Context<Exclude<R, HttpServerRequest.HttpServerRequest | Scope.Scope>>) => {
    const handled = HttpEffect.toHandled(httpEffect, respond, middleware)
    const handler = Effect.matchCauseEffect(handled, {
      onSuccess: () => Effect.succeed(afterwards),
      onFailure: ended
    })
    const policy: Http2Server.HandlerPolicy = {
      // As with `NodeHttpServer`: the application says where it can be interrupted, a router for its routes.
      isInterruptible: false,
      contextOf: (source) => Context.add(context, HttpServerRequest.HttpServerRequest, ServerRequest.make(source))
    }
    // The policy's context has all that it needs.
    const answer = handler as Effect.Effect<Http2ServerResponse.Http2ServerResponse>
    return Effect.succeed({ handler: () => answer, policy })
  })
