/**
 * Requests of a client: what its user asks for, sent, as an effect or with a listener. Called by Http2Client.ts.
 */
import type { ClientRequest, ResponseListener } from "@effect-http2/engine/client/clientRequest"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Prepare from "@effect-http2/engine/client/prepare"
import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import type { Http2ClientRequest } from "../Http2ClientRequest.js"
import * as Http2Error from "../Http2Error.js"
import { encodeBody, toTrailers } from "./outgoingMessage.js"
import { forkBody } from "./sendBody.js"

/** What follows the head; `runtime` is what fibers run in that send it. */
const contentOf = (request: Http2ClientRequest, runtime: Runtime.Runtime<never>): Prepare.Content => {
  const body = encodeBody(request.body)
  const trailers = toTrailers(request.trailers)
  const octets = body instanceof Uint8Array ? body : undefined
  const isWhole = (body === undefined || octets !== undefined) && trailers === undefined
  return {
    hasBody: body !== undefined,
    octets,
    hasTrailers: trailers !== undefined,
    sendRest: isWhole
      ? undefined
      : (stream) => forkBody(runtime, stream, body instanceof Uint8Array ? undefined : body, trailers)
  }
}

/** A request that can be sent, or why it cannot: an error of origin `User`. */
export const prepare = (
  request: Http2ClientRequest,
  defaults: Prepare.Defaults & { readonly runtime: Runtime.Runtime<never> },
  tunnel?: Prepare.TunnelKind
): ClientRequest | Http2Error.StreamError => {
  try {
    return Prepare.prepare(request, contentOf(request, defaults.runtime), defaults, tunnel)
  } catch (error) {
    if (Http2Error.isStreamError(error)) return error
    throw error
  }
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

/** Tells the listener that a user gave to `unsafeRequest`, in the terms of this package. */
export class UserListener<Response> implements ResponseListener {
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
