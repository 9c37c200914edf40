/**
 * A connection of HTTP/1.1 that goes on as one of HTTP/2 by `Upgrade: h2c`: its transport. Called by port.ts.
 */
import { through } from "@effect-http2/engine/Output"
import type { Transport } from "@effect-http2/http2/Transport"
import * as H2cUpgrade from "@effect-http2/node/http1/h2cUpgrade"
import * as Stream from "effect/Stream"
import type { IncomingMessage } from "node:http"

/** Undefined where the connection stays as it is. */
export const fromRequest = (request: IncomingMessage): ((transport: Transport) => Transport) | undefined => {
  const feed = H2cUpgrade.fromRequest(request)
  if (feed === undefined) return undefined
  return (transport) => ({
    ...through(transport),
    peer: transport.peer,
    incoming: Stream.filter(Stream.map(transport.incoming, feed), (octets) => octets.length > 0),
    end: transport.end,
    close: transport.close
  })
}
