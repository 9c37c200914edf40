/**
 * What the errors of the `HttpClient` carry of ours: their `cause` is what the stock clients have there, and ours is beside it.
 */
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import { Defect } from "./requestBody.js"

const known = new WeakMap<HttpClientError.HttpClientError, Http2Error.Http2Error>()

/** What an error of the client came of. */
export const http2ErrorOf = (error: HttpClientError.HttpClientError): Http2Error.Http2Error | undefined =>
  known.get(error)

/** Node's own, with the code of the system, or of OpenSSL. */
const isSystemError = (u: unknown): u is Error =>
  u instanceof Error && Predicate.hasProperty(u, "code") && typeof u.code === "string"

/** What the system said: of a dial through a proxy, that of the proxy's. */
const systemError = ({ cause }: Http2Error.TransportError): Error | undefined =>
  isSystemError(cause) ? cause : Http2Error.isTransportError(cause) ? systemError(cause) : undefined

/** The user's own error, the system's, or, for what only HTTP/2 knows, ours. */
const causeOf = (error: Http2Error.Http2Error): unknown => {
  if (Http2Error.isTransportError(error)) return systemError(error) ?? error
  return Http2Error.isStreamError(error) && error.origin === "User" && error.cause !== undefined ? error.cause : error
}

/** A request that got no response. A defect in its body is one of the request. */
export const requestFailed = (
  request: HttpClientRequest.HttpClientRequest,
  error: Http2Error.Http2Error
): Effect.Effect<never, HttpClientError.HttpClientError> => {
  const cause = causeOf(error)
  if (cause instanceof Defect) return Effect.failCause(cause.cause)
  const details = { request, cause, description: error.message }
  const requestError = new HttpClientError.HttpClientError({
    reason:
      error.origin === "User" && error.scope === "stream"
        ? new HttpClientError.EncodeError(details)
        : new HttpClientError.TransportError(details)
  })
  known.set(requestError, error)
  return Effect.fail(requestError)
}

/** A response whose body, or trailers, cannot be read. */
export const decodeError = (
  response: HttpClientResponse.HttpClientResponse,
  error: unknown
): HttpClientError.HttpClientError => {
  const responseError = new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({
      request: response.request,
      response,
      cause: Http2Error.isHttp2Error(error) ? causeOf(error) : error,
      ...(error instanceof Error ? { description: error.message } : undefined)
    })
  })
  if (Http2Error.isHttp2Error(error)) known.set(responseError, error)
  return responseError
}
