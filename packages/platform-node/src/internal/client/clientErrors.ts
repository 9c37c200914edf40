/**
 * What the platform's errors carry of ours: their `cause` is what the stock clients have there, and ours is beside it.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { Defect } from "./wire/requestBody.js"

const known = new WeakMap<HttpClientError.HttpClientError, Http2Error.Http2Error>()

/** What an error of the platform came of. */
export const http2ErrorOf = (error: HttpClientError.HttpClientError): Http2Error.Http2Error | undefined =>
  known.get(Cause.originalError(error))

/** Node's own, with the code of the system, or of OpenSSL. */
const isSystemError = (u: unknown): u is Error =>
  u instanceof Error && Predicate.hasProperty(u, "code") && typeof u.code === "string"

/** What the system said: of a dial through a proxy, that of the proxy's. */
const systemError = ({ cause }: Http2Error.TransportError): Error | undefined =>
  isSystemError(cause) ? cause : Http2Error.isTransportError(cause) ? systemError(cause) : undefined

/** The user's own error, the system's, or, for what only HTTP/2 knows, ours. */
const causeOf = (error: Http2Error.Http2Error): unknown => {
  // Effect wraps what fails within a span.
  const cause = Cause.originalError(error.cause)
  if (Http2Error.isTransportError(error)) return systemError(error) ?? error
  return Http2Error.isStreamError(error) && error.origin === "User" && cause !== undefined ? cause : error
}

/** A request that got no response. A defect in its body is one of the request. */
export const requestFailed = (
  request: HttpClientRequest.HttpClientRequest,
  error: Http2Error.Http2Error
): Effect.Effect<never, HttpClientError.RequestError> => {
  const cause = causeOf(error)
  if (cause instanceof Defect) return Effect.failCause(cause.cause)
  const requestError = new HttpClientError.RequestError({
    request,
    reason: error.origin === "User" && error.scope === "stream" ? "Encode" : "Transport",
    cause,
    description: error.message
  })
  known.set(requestError, error)
  return Effect.fail(requestError)
}

/** A response whose body, or trailers, cannot be read. */
export const decodeError = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  error: unknown
): HttpClientError.ResponseError => {
  const responseError = new HttpClientError.ResponseError({
    request,
    response,
    reason: "Decode",
    cause: Http2Error.isHttp2Error(error) ? causeOf(error) : error,
    ...(error instanceof Error ? { description: error.message } : undefined)
  })
  if (Http2Error.isHttp2Error(error)) known.set(responseError, error)
  return responseError
}
