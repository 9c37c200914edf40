/**
 * What a client's user asks for to what can be sent, checked (RFC 9113 §8.3.1, §8.5). Called by Http2Client.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import type * as Http2ClientRequest from "../Http2ClientRequest.js"
import * as Http2ServerResponse from "../Http2ServerResponse.js"
import { forkBody } from "./requestBody.js"
import { ClientRequest } from "@effect-http2/engine/client/clientRequest"
import type { ClientRole } from "@effect-http2/engine/client/clientRole"
import { check, checkTarget } from "@effect-http2/engine/message/outgoing"
import { priorityFields } from "@effect-http2/engine/message/requestFields"
import { connectFields, pseudoFields } from "@effect-http2/engine/message/requestFields"
import type * as Runtime from "effect/Runtime"

/** What holds for all requests of a client. */
export interface Defaults {
  readonly role: ClientRole
  /** What fibers run in that send bodies. */
  readonly runtime: Runtime.Runtime<never>
  /** Of requests that do not say it. */
  readonly authority: HeaderField
  readonly scheme: string
}

/** CONNECT that stays open, extended where there is a protocol. */
export interface TunnelKind {
  readonly protocol: string | undefined
}

/** Headers, body and trailers, made as those of a response are. */
const messageOf = ({
  body,
  headers,
  trailers
}: Http2ClientRequest.Http2ClientRequest): Http2ServerResponse.Http2ServerResponse =>
  Http2ServerResponse.make({
    body,
    ...(headers === undefined ? undefined : { headers }),
    ...(trailers === undefined ? undefined : { trailers })
  })

/** A request that can be sent, or why it cannot: an error of origin `User`. */
export const prepare = (
  request: Http2ClientRequest.Http2ClientRequest,
  defaults: Defaults,
  tunnel?: TunnelKind
): ClientRequest | Http2Error.StreamError => {
  try {
    return checked(request, defaults, tunnel)
  } catch (error) {
    if (Http2Error.isStreamError(error)) return error
    throw error
  }
}

/** Methods whose requests are expected to have content: without any they say so (RFC 9110 §8.6). */
const withContent = new Set(["POST", "PUT", "PATCH"])
const noContent: ReadonlyArray<HeaderField> = [new HeaderField("content-length", "0")]

const checked = (
  request: Http2ClientRequest.Http2ClientRequest,
  defaults: Defaults,
  tunnel: TunnelKind | undefined
): ClientRequest => {
  const { authority, method = "GET", path = "/", scheme = defaults.scheme } = request
  const isBare = request.body === undefined && request.trailers === undefined
  const message = isBare ? undefined : messageOf(request)
  const headers = message === undefined ? Headers.make(request.headers) : message.headers
  const body = message?.body
  const { contentLength, host } = check(headers)
  const target = authority === undefined ? defaults.authority : new HeaderField(":authority", authority)
  checkTarget(method, scheme, target.value, path, host)
  if (method === "CONNECT" && request.trailers !== undefined) {
    throw Http2Error.usageError(0, "8.5", "a tunnel has no trailers")
  }
  if (body instanceof Uint8Array && contentLength >= 0 && contentLength !== body.length) {
    throw Http2Error.usageError(0, "8.1.1", `content-length is ${contentLength}, the body has ${body.length} octets`)
  }
  const priority = priorityFields(request.priority, headers)
  const saysNoContent = body === undefined && contentLength < 0 && withContent.has(method)
  const octets = body instanceof Uint8Array && body.length > 0 ? body : undefined
  const trailers = message?.trailers
  const isWhole = (body === undefined || body instanceof Uint8Array) && trailers === undefined
  return new ClientRequest(
    defaults.role,
    tunnel?.protocol === undefined
      ? pseudoFields(method, scheme, target, path)
      : connectFields(tunnel.protocol, scheme, target, path),
    headers,
    saysNoContent ? (priority.length === 0 ? noContent : [...noContent, ...priority]) : priority,
    octets,
    isWhole
      ? undefined
      : (stream) => forkBody(defaults.runtime, stream, octets === undefined ? body : undefined, trailers),
    method === "HEAD",
    tunnel !== undefined,
    request.onInformational
  )
}
