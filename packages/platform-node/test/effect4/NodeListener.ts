/** `NodeListener` of Effect 3, as far as tests know it, by the packages for Effect 4. */
import * as NodeListener4 from "@effect-http2/effect4-platform-node/NodeListener"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import type { Listener, ListenOptions } from "@effect-http2/platform-node/NodeListener"
import { bridged } from "@effect-http2/testkit/effect4/bridge"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type * from "@effect-http2/platform-node/NodeListener"

export const make = <R>(
  options: ListenOptions,
  handle: (transport: Transport) => Effect.Effect<unknown, unknown, R>
): Effect.Effect<Listener, Http2Error.TransportError, Exclude<R, Scope.Scope> | Scope.Scope> =>
  bridged((bridge) =>
    NodeListener4.make(bridge.down(options) as NodeListener4.ListenOptions, (transport) =>
      bridge.effectDown(handle(bridge.up(transport) as Transport) as Effect.Effect<unknown, unknown>)
    )
  )
