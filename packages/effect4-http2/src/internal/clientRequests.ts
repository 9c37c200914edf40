/**
 * Requests of a client: what its user asks for, sent, as an effect or with a listener. Called by Http2Client.ts.
 */
import type { ClientRequest } from "@effect-http2/engine/client/clientRequest"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Prepare from "@effect-http2/engine/client/prepare"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Http2ClientRequest } from "../Http2ClientRequest.js"
import * as Http2Error from "../Http2Error.js"
import { toContent, toTrailers } from "./outgoingMessage.js"
import { forkBody } from "./sendBody.js"
import { awaitEngine } from "./wake.js"

/** What follows the head; `context` is what a body that is a Stream, and trailers, are run in. */
const contentOf = (request: Http2ClientRequest, context: Context.Context<never>): Prepare.Content => {
  const body = toContent(request.body)
  const trailers = toTrailers(request.trailers)
  const octets = body instanceof Uint8Array ? body : undefined
  const stream = body instanceof Uint8Array ? undefined : body
  return {
    hasBody: body !== undefined,
    octets,
    hasTrailers: trailers !== undefined,
    sendRest:
      stream === undefined && trailers === undefined ? undefined : (to) => forkBody(context, to, stream, trailers)
  }
}

/** A request that can be sent, or why it cannot: an error of origin `User`. */
export const prepare = (
  request: Http2ClientRequest,
  defaults: Prepare.Defaults,
  context: Context.Context<never>,
  tunnel?: Prepare.TunnelKind
): ClientRequest | Http2Error.StreamError => {
  try {
    return Prepare.prepare(request, contentOf(request, context), defaults, tunnel)
  } catch (error) {
    if (Http2Error.isStreamError(error)) return error
    throw error
  }
}

/** Sends the request; succeeds with its stream when the head of the response is there. Interruption gives the request up at once. */
export const send = (request: ClientRequest): Effect.Effect<ClientStream, Http2Error.Http2Error> =>
  awaitEngine((resume) => {
    request.start({
      onResponse: (stream) => resume(Effect.succeed(stream)),
      onFailure: (error) => resume(Effect.fail(error))
    })
    return cancel(request)
  })

/** Nobody wants the response, or the rest of it, any more. */
export const cancel = (request: ClientRequest): Effect.Effect<void> => Effect.sync(() => request.unsafeCancel())
