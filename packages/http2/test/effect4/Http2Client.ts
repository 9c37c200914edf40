/** `Http2Client` of Effect 3, as far as tests know it, by the skin of Effect 4. Takes the place of that module where the wire-level suites run on Effect 4. */
import * as Http2Client4 from "@effect-http2/effect4-http2/Http2Client"
import type { ClientListener, ClientOptions, Http2Client } from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Effect4 from "effect4/Effect"
import { capture } from "../../src/InterruptibleRuntime.js"
import { Bridge } from "./bridge.js"
import { transportDown } from "./Http2Server.js"

export type {
  ClientListener,
  ClientOptions,
  Http2Client,
  ResponseListener,
  Started,
  Tunnel
} from "@effect-http2/http2/Http2Client"

export const make = (
  transport: Transport,
  options: ClientOptions = {}
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.flatMap(capture(), (runtime) => {
    const bridge = new Bridge(runtime)
    const made = Http2Client4.make(transportDown(bridge, transport), bridge.down(options) as Http2Client4.ClientOptions)
    // Its scope is the one that `effectUp` gives.
    return bridge.effectUp(made as Effect4.Effect<Http2Client4.Http2Client, Http2Error.ConnectionError>)
  }) as Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope>

/** What a listener hears, the other skin has among its options. */
export const makeWith = (
  transport: Transport,
  options: ClientOptions,
  listener: ClientListener
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> => make(transport, { ...options, ...listener })
