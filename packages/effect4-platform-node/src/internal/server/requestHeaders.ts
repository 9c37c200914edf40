/**
 * The fields of an HTTP/2 request as `Headers` of the platform. Requests that repeat a head share what is made of it; each has a copy of its own where the
 * application looks. Called by serverRequest.ts.
 */
import type * as Http2Headers from "@effect-http2/effect4-http2/Headers"
import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
import { toRecord } from "@effect-http2/node/message/requestRecord"
import * as Headers from "effect/http/Headers"

const known = new WeakMap<Http2Headers.Headers, Headers.Headers>()

/** Whether the request asks for a WebSocket by extended CONNECT (RFC 8441 §5). */
export const isWebSocket = (request: Http2ServerRequest): boolean => request.protocol === "websocket"

/** The headers of `request`, of which the engine has one instance for each distinct head: to be read only. */
export const toHeaders = (request: Http2ServerRequest): Headers.Headers => {
  const { headers } = request
  let converted = known.get(headers)
  if (converted === undefined) {
    converted = Headers.fromRecordUnsafe(toRecord(request, isWebSocket(request)))
    known.set(headers, converted)
  }
  return converted
}

/** The same, for one application to do with as it likes. */
export const copyOf = (request: Http2ServerRequest): Headers.Headers =>
  Headers.fromRecordUnsafe({ ...toHeaders(request) })
