/** `NodeTransport` of Effect 3, as far as tests know it, by the packages for Effect 4. */
import * as NodeTransport4 from "@effect-http2/effect4-platform-node/NodeTransport"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import type { ConnectOptions } from "@effect-http2/platform-node/NodeTransport"
import { bridged } from "@effect-http2/testkit/effect4/bridge"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type * from "@effect-http2/platform-node/NodeTransport"

export const connect = (options: ConnectOptions): Effect.Effect<Transport, Http2Error.TransportError, Scope.Scope> =>
  bridged((bridge) => NodeTransport4.connect(bridge.down(options) as NodeTransport4.ConnectOptions))
