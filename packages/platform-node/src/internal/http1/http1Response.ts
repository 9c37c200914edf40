/**
 * A platform response sent over HTTP/1.1: the same bodies of every kind as over HTTP/2 (response.ts), written to the response of `node:http`. A body
 * that fails destroys the connection, since nothing else tells the client that it is not whole (RFC 9112 §8). Called by http1Application.ts.
 */
import type { Http2ServerResponse } from "@effect-http2/http2/Http2ServerResponse"
import * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Stream from "effect/Stream"
import type * as Http from "node:http"
import { Http1ServerRequest } from "./http1Request.js"
import { discardBody, toHttp2Response } from "../server/serverResponse.js"
import { writeBody } from "../stream/outgoing.js"

type ResponseError = HttpServerError.ResponseError
type Octets = Stream.Stream<Uint8Array, unknown>

/** Those that HTTP/2 does not have and that an application may say over HTTP/1.1; how the body is framed is not its business. */
const connectionFields = ["connection", "keep-alive", "upgrade"]

const headersOf = (response: HttpServerResponse, { headers }: Http2ServerResponse): Http.OutgoingHttpHeaders => {
  const fields: Record<string, string | Array<string>> = {}
  for (const [name, value] of headers ?? []) {
    const before = fields[name]
    fields[name] = before === undefined ? value : [...(typeof before === "string" ? [before] : before), value]
  }
  for (const name of connectionFields) {
    const value = response.headers[name]
    if (value !== undefined) fields[name] = value
  }
  return fields
}

/** The octets of `body` as they come. */
const write = (node: Http.ServerResponse, body: Octets): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    const length = node.getHeader("content-length")
    const expected = length === undefined ? undefined : Number(length)
    return writeBody(
      node,
      body,
      expected,
      (written) => new Error(`the body has ${written} octets or more, and the content-length says ${expected}`)
    )
  })

const toError =
  (request: HttpServerRequest.HttpServerRequest, response: HttpServerResponse) =>
  (cause: unknown): ResponseError =>
    new HttpServerError.ResponseError({ request, response, reason: "Decode", cause })

const send = (
  node: Http.ServerResponse,
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse,
  body: Octets
): Effect.Effect<void, ResponseError> =>
  Effect.matchCauseEffect(Effect.interruptible(write(node, body)), {
    onSuccess: () => Effect.sync(() => void node.end()),
    onFailure: (cause) => {
      node.destroy()
      // Who logs and traces is told of the response that was on its way.
      return Effect.failCause(Cause.sequential(Cause.map(cause, toError(request, response)), Cause.die(response)))
    }
  })

/** Sends `response`, unless one was sent or nobody waits for it any more. */
export const respond = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse
): Effect.Effect<void, ResponseError> =>
  Effect.suspend(() => {
    if (!(request instanceof Http1ServerRequest)) {
      return Effect.dieMessage("the HttpServerRequest is not one of this server")
    }
    if (request.isUpgraded) return Exit.void
    const node = request.nodeResponse
    if (node.headersSent || node.writableEnded || node.destroyed) {
      discardBody(response)
      return Exit.void
    }
    try {
      const converted = toHttp2Response(request.method, response)
      const headers = headersOf(response, converted)
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) node.setHeader(name, value)
      node.statusCode = response.status
      if (response.statusText !== undefined) node.statusMessage = response.statusText
      const { body } = converted
      if (body === undefined || body instanceof Uint8Array) {
        node.end(body)
        return Exit.void
      }
      node.flushHeaders()
      return send(node, request, response, body)
    } catch (error) {
      for (const name of node.getHeaderNames()) node.removeHeader(name)
      discardBody(response)
      return Effect.fail(toError(request, response)(error))
    }
  })
