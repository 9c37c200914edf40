/**
 * Requests of a client: what its user asks for to what can be sent, checked (RFC 9113 §8.3.1, §8.5), and sent, as an effect or with a listener. Called by
 * Http2Client.ts.
 */
import { ClientRequest, type ResponseListener } from "@effect-http2/engine/client/clientRequest"
import type { ClientRole } from "@effect-http2/engine/client/clientRole"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import { check, checkTarget } from "@effect-http2/engine/message/outgoing"
import { connectFields, priorityFields, pseudoFields } from "@effect-http2/engine/message/requestFields"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import * as Headers from "../Headers.js"
import type { Http2ClientRequest } from "../Http2ClientRequest.js"
import * as Http2Error from "../Http2Error.js"
import { makeMessage } from "./outgoingMessage.js"
import { forkBody } from "./sendBody.js"

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

/** A request that can be sent, or why it cannot: an error of origin `User`. */
export const prepare = (
  request: Http2ClientRequest,
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

const checked = (request: Http2ClientRequest, defaults: Defaults, tunnel: TunnelKind | undefined): ClientRequest => {
  const { authority, method = "GET", path = "/", scheme = defaults.scheme } = request
  const isBare = request.body === undefined && request.trailers === undefined
  const message = isBare ? undefined : makeMessage(request.headers, request.body, request.trailers, true)
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

/**
 * Resumes a fiber. What it is resumed with is always the same value, and this is a class, not a literal: V8 allocates literals of which the first hundred
 * survive in its old generation for good, and all that they refer to, dead or alive, follows them there.
 */
class Resumption implements ResponseListener {
  constructor(private readonly resume: (outcome: Effect.Effect<void, Http2Error.Http2Error>) => void) {}

  onResponse(): void {
    this.resume(Effect.void)
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.resume(Effect.fail(error))
  }
}

/** Tells a listener of this package's user, in its terms. */
export class Listening<Response> implements ResponseListener {
  constructor(
    private readonly listener: {
      onResponse(response: Response): void
      onFailure(error: Http2Error.Http2Error): void
    },
    private readonly toResponse: (stream: ClientStream) => Response
  ) {}

  onResponse(stream: ClientStream): void {
    this.listener.onResponse(this.toResponse(stream))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.listener.onFailure(error)
  }
}

/** Sends the request; succeeds with its stream when the head of the response is there. Interruption gives the request up at once. */
export const send = (request: ClientRequest): Effect.Effect<ClientStream, Http2Error.Http2Error> =>
  Effect.map(
    Effect.async<void, Http2Error.Http2Error>((resume) => {
      request.start(new Resumption(resume))
      return cancel(request)
    }),
    () => answered(request)
  )

const answered = ({ stream }: ClientRequest): ClientStream => {
  if (stream === undefined) throw new Error("the request was not sent")
  return stream
}

/** Nobody wants the response, or the rest of it, any more. */
export const cancel = (request: ClientRequest): Effect.Effect<void> => Effect.sync(() => request.unsafeCancel())
