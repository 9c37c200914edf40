/**
 * A request of a client as an effect, and with a listener. Called by Http2Client.ts.
 */
import type { ClientRequest, ResponseListener } from "@effect-http2/engine/client/clientRequest"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Effect from "effect/Effect"
import type * as Http2Error from "../Http2Error.js"

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
