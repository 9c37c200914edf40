/**
 * A request of a client as an effect. Called by Http2Client.ts.
 */
import type { ClientRequest, Observer } from "@effect-http2/engine/client/clientRequest"
import * as Effect from "effect/Effect"
import type * as Http2Error from "../Http2Error.js"

/**
 * Resumes a fiber. What it is resumed with is always the same value, and this is a class, not a literal: V8 allocates literals of which the first hundred
 * survive in its old generation for good, and all that they refer to, dead or alive, follows them there.
 */
class Resumption implements Observer {
  constructor(private readonly resume: (outcome: Effect.Effect<void, Http2Error.Http2Error>) => void) {}

  onHead(): void {
    this.resume(Effect.void)
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.resume(Effect.fail(error))
  }
}

/** Sends the request; succeeds when the head of the response is there. Interruption gives the request up at once. */
export const send = <Body, Trailers>(
  request: ClientRequest<Body, Trailers>
): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.async((resume) => {
    request.start(new Resumption(resume))
    return cancel(request)
  })

/** Nobody wants the response, or the rest of it, any more. */
export const cancel = <Body, Trailers>(request: ClientRequest<Body, Trailers>): Effect.Effect<void> =>
  Effect.sync(() => request.unsafeCancel())
