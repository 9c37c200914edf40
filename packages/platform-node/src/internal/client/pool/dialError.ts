/**
 * What a dial failed with. Called by pool.ts.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Cause from "effect/Cause"

export const fromCause = (cause: Cause.Cause<Http2Error.Http2Error>): Http2Error.Http2Error => {
  const error = Cause.squash(cause)
  return Http2Error.isHttp2Error(error)
    ? error
    : new Http2Error.TransportError({ reason: "Connect", description: "dialling failed", cause: error })
}
