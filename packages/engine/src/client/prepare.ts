/**
 * What a client's user asks for to what can be sent, checked (RFC 9113 §8.3.1, §8.5). Called by the skin.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type * as Headers from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { messageHeaders } from "../message/defaultFields.js"
import { check, checkTarget } from "../message/outgoing.js"
import { connectFields, priorityFields, pseudoFields } from "../message/requestFields.js"
import type { Parameters } from "../Priority.js"
import { ClientRequest } from "./clientRequest.js"
import type { ClientRole } from "./clientRole.js"
import type { ClientStream } from "./clientStream.js"

/** What holds for all requests of a client. */
export interface Defaults {
  readonly role: ClientRole
  /** Of requests that do not say it. */
  readonly authority: HeaderField
  readonly scheme: string
}

/** A request as its user gives it, but for what a skin makes of its body. */
export interface Target {
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly authority?: string | undefined
  readonly scheme?: string | undefined
  readonly headers?: Headers.Input | undefined
  readonly priority?: Parameters | undefined
  readonly onInformational?: ((status: number, headers: Headers.Headers) => void) | undefined
}

/** What follows the head. */
export interface Content {
  readonly hasBody: boolean
  /** The whole body, where it is octets. */
  readonly octets: Uint8Array | undefined
  /** Sends what is not octets: a body that comes piece by piece, trailers. */
  readonly sendRest: ((stream: ClientStream) => void) | undefined
  readonly hasTrailers: boolean
}

/** CONNECT that stays open, extended where there is a protocol. */
export interface TunnelKind {
  readonly protocol: string | undefined
}

/** Methods whose requests are expected to have content: without any they say so (RFC 9110 §8.6). */
const withContent = new Set(["POST", "PUT", "PATCH"])
const noContent: ReadonlyArray<HeaderField> = [new HeaderField("content-length", "0")]

/** A request that can be sent. Throws a `StreamError` of origin `User` where it cannot. */
export const prepare = (
  target: Target,
  content: Content,
  defaults: Defaults,
  tunnel: TunnelKind | undefined
): ClientRequest => {
  const { authority, method = "GET", path = "/", scheme = defaults.scheme } = target
  const { hasBody, hasTrailers, octets, sendRest } = content
  const headers = messageHeaders(target.headers, octets?.length, undefined)
  const { contentLength, host } = check(headers)
  const to = authority === undefined ? defaults.authority : new HeaderField(":authority", authority)
  checkTarget(method, scheme, to.value, path, host)
  if (method === "CONNECT" && hasTrailers) throw Http2Error.usageError(0, "8.5", "a tunnel has no trailers")
  if (octets !== undefined && contentLength >= 0 && contentLength !== octets.length) {
    throw Http2Error.usageError(0, "8.1.1", `content-length is ${contentLength}, the body has ${octets.length} octets`)
  }
  const saysNoContent = !hasBody && contentLength < 0 && withContent.has(method)
  const priority = priorityFields(target.priority, headers)
  return new ClientRequest(
    defaults.role,
    tunnel?.protocol === undefined
      ? pseudoFields(method, scheme, to, path)
      : connectFields(tunnel.protocol, scheme, to, path),
    headers,
    saysNoContent ? (priority.length === 0 ? noContent : [...noContent, ...priority]) : priority,
    octets !== undefined && octets.length > 0 ? octets : undefined,
    sendRest,
    method === "HEAD",
    tunnel !== undefined,
    target.onInformational
  )
}
