/**
 * The way to an origin where a proxy stands on it. Called by dial.ts for each connection.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import type { Resolved } from "./options.js"
import type { Origin } from "./target.js"

export class Tunnels {
  constructor(readonly options: Resolved) {}

  open(_origin: Origin): Effect.Effect<Duplex | undefined, TransportError, Scope.Scope> {
    return Effect.succeed(undefined)
  }

  forwardHeaders(_origin: Origin): Readonly<Record<string, string>> | undefined {
    return undefined
  }
}
