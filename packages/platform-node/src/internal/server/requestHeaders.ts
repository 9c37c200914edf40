/**
 * The fields of an HTTP/2 request as platform `Headers`, as an application knows them from HTTP/1.1: no pseudo-header fields, `host` from
 * :authority. Requests that repeat a head share what is made of it; each has a copy of its own where the application looks. Called by serverRequest.ts and
 * http1Request.ts.
 */
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as Http2Headers from "@effect-http2/http2/Headers"
import { toRecord } from "@effect-http2/node/message/requestRecord"
import * as Headers from "@effect/platform/Headers"
import type { IncomingHttpHeaders } from "node:http"

const known = new WeakMap<Http2Headers.Headers, Headers.Headers>()

/** As those of `node:http` are plain objects, so are these objects like any other; and they are `Headers` besides. */
class RequestHeaders {}
Object.defineProperties(
  RequestHeaders.prototype,
  Object.getOwnPropertyDescriptors(Reflect.getPrototypeOf(Headers.empty) ?? {})
)

/** Whether the request asks for a WebSocket by extended CONNECT (RFC 8441 §5). */
export const isWebSocket = (request: Http2ServerRequest.Http2ServerRequest): boolean => request.protocol === "websocket"

/** `headers` for one application to do with as it likes. */
export const copy = (headers: Headers.Headers): Headers.Headers => Object.assign(new RequestHeaders(), headers)

/** The headers of a request of `node:http`, as `NodeHttpServer` gives them: `set-cookie` is a list, which the type does not say. */
export const fromNode = (headers: IncomingHttpHeaders): Headers.Headers => copy(headers as Headers.Headers)

/** The headers of `request`, of which the engine has one instance for each distinct head: to be read only. */
export const toHeaders = (request: Http2ServerRequest.Http2ServerRequest): Headers.Headers => {
  const { headers } = request
  let converted = known.get(headers)
  if (converted === undefined) {
    converted = Headers.unsafeFromRecord(toRecord(request, isWebSocket(request)))
    known.set(headers, converted)
  }
  return converted
}
