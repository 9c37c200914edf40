/** `Http2Client` of Effect 3, as far as tests know it, by the skin of Effect 4. Takes the place of that module where the wire-level suites run on Effect 4. */
import * as Http2Client4 from "@effect-http2/effect4-http2/Http2Client"
import type { ClientListener, ClientOptions, Http2Client } from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { bridged } from "./bridge.js"
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
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> => makeWith(transport, options, {})

export const makeWith = (
  transport: Transport,
  options: ClientOptions,
  listener: ClientListener
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> =>
  bridged((bridge) =>
    Http2Client4.makeWith(
      transportDown(bridge, transport),
      bridge.down(options) as Http2Client4.ClientOptions,
      listener
    )
  )
