/**
 * Trailers of a platform response, which has no place for them: kept beside its body, which stays the same when headers, status or
 * cookies are changed. Written by `NodeHttp2Server.withTrailers`, read by serverResponse.ts.
 */
import * as Http2Headers from "@effect-http2/effect4-http2/Headers"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

type Trailers = Effect.Effect<Http2Headers.Headers, unknown>

const trailersOf = new WeakMap<HttpBody.HttpBody, Trailers>()

/** The same body as an object of its own: one body may be in many responses, `Empty` is in all of them. */
const copy = (body: HttpBody.HttpBody): HttpBody.HttpBody => {
  switch (body._tag) {
    case "Empty":
      return HttpBody.raw(undefined)
    case "Raw":
      return HttpBody.raw(body.body, body)
    case "Uint8Array":
      return HttpBody.uint8Array(body.body, body.contentType)
    case "FormData":
      return HttpBody.formData(body.formData)
    case "Stream":
      return HttpBody.stream(body.stream, body.contentType, body.contentLength)
  }
}

export const withTrailers = (
  response: HttpServerResponse.HttpServerResponse,
  trailers: Http2Headers.Input | Effect.Effect<Http2Headers.Input, unknown>
): HttpServerResponse.HttpServerResponse => {
  const body = copy(response.body)
  trailersOf.set(
    body,
    Effect.isEffect(trailers)
      ? Effect.map(trailers, (input) => Http2Headers.make(input))
      : Effect.succeed(Http2Headers.make(trailers))
  )
  return HttpServerResponse.setHeaders(HttpServerResponse.setBody(response, body), response.headers)
}

export const get = (body: HttpBody.HttpBody): Trailers | undefined => trailersOf.get(body)
