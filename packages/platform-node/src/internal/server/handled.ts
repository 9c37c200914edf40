/**
 * From what an application gives or fails with to the response that is sent: what `HttpApp.toHandled` does, step by step the same, without what it
 * does again for each request. Called by application.ts, once for each application.
 */
import type { Http2ServerResponse } from "@effect-http2/http2/Http2ServerResponse"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { discardBody, holdsSource, toHttp2Response } from "./serverResponse.js"
import { isServerRequest } from "./serverRequest.js"

type Request = HttpServerRequest.HttpServerRequest
type ResponseError = HttpServerError.ResponseError

/** Sends `response`, unless one was sent or nobody waits for it any more. Octets are sent at once: the result is an Exit then. */
export const respond = (request: Request, response: HttpServerResponse): Effect.Effect<void, ResponseError> => {
  if (!isServerRequest(request)) return Effect.dieMessage("the HttpServerRequest is not one of this server")
  const { http2: source } = request
  if (!source.canRespond) {
    discardBody(response)
    return request.sending === undefined ? Exit.void : Effect.interruptible(request.sending)
  }
  let converted: Http2ServerResponse
  try {
    converted = toHttp2Response(request.method, response)
    if (!(converted.body instanceof Uint8Array || converted.body === undefined) || converted.trailers !== undefined) {
      const sent = stream(request, response, source.respond(converted))
      return holdsSource(response) ? releasing(response, sent) : sent
    }
    source.unsafeRespond(converted)
    return Exit.void
  } catch (error) {
    discardBody(response)
    return Effect.fail(toError(request, response)(error))
  }
}

/** What `response` holds open is let go of behind `effect`, whatever has become of it: it may never have been read. */
const releasing = <A, E, R>(response: HttpServerResponse, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.ensuring(
    effect,
    Effect.sync(() => discardBody(response))
  )

const toError =
  (request: Request, response: HttpServerResponse) =>
  (cause: unknown): ResponseError =>
    new HttpServerError.ResponseError({ request, response, reason: "Decode", cause })

/** A body that breaks resets the stream; who logs and traces is told of the response that was on its way. */
const stream = (
  request: Request,
  response: HttpServerResponse,
  sending: Effect.Effect<void, unknown>
): Effect.Effect<void, ResponseError> =>
  Effect.catchAllCause(Effect.interruptible(sending), (cause) => {
    const failure = Cause.map(cause, toError(request, response))
    const hasBegun = isServerRequest(request) && !request.http2.canRespond
    return Effect.failCause(hasBegun ? Cause.sequential(failure, Cause.die(response)) : failure)
  })

const requestOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Request =>
  Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)

/** Runs the pre-response handlers, sends what they make of it, and gives that. */
const send = (
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  response: HttpServerResponse
): Effect.Effect<HttpServerResponse, ResponseError> => {
  const request = requestOf(fiber)
  const handlers = fiber.getFiberRef(HttpApp.currentPreResponseHandlers)
  if (handlers._tag === "Some") {
    return Effect.tap(handlers.value(request, response), (response) => respond(request, response))
  }
  const sent = respond(request, response)
  return sent === Exit.void ? Exit.succeed(response) : Effect.as(sent, response)
}

/** Sends what the cause asks for. Fails with what is left of it, so that who logs and traces sees it. */
const sendCause = (
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  cause: Cause.Cause<unknown>
): Effect.Effect<HttpServerResponse, unknown> =>
  Effect.flatMap(HttpServerError.causeResponse(cause), ([response, rest]) =>
    Effect.zipRight(send(fiber, response), Cause.isEmptyType(rest) ? Exit.succeed(response) : Effect.failCause(rest))
  )

/** The application, with its response sent. */
export const withResponse = <E, R>(httpApp: HttpApp.Default<E, R>): HttpApp.Default<unknown, R> =>
  Effect.withFiberRuntime((fiber) => {
    const onFailure = (cause: Cause.Cause<unknown>): Effect.Effect<HttpServerResponse, unknown> =>
      sendCause(fiber, cause)
    return Effect.matchCauseEffect(httpApp, {
      onFailure,
      onSuccess: (response) => {
        const sent = send(fiber, response)
        const answered = Exit.isExit(sent) && Exit.isSuccess(sent) ? sent : Effect.catchAllCause(sent, onFailure)
        // Another may be sent in its place, or none.
        return holdsSource(response) ? releasing(response, answered) : answered
      }
    })
  })

/** What a middleware gave or failed with in the place of the application. */
export const respondExit = (
  request: Request,
  exit: Exit.Exit<HttpServerResponse, unknown>
): Effect.Effect<void, ResponseError> =>
  Exit.isSuccess(exit)
    ? respond(request, exit.value)
    : Effect.flatMap(HttpServerError.causeResponse(exit.cause), ([response]) => respond(request, response))
