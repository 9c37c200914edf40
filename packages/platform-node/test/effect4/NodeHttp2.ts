/** `NodeHttp2` of Effect 3, as far as tests know it, by the packages for Effect 4. Takes the place of that module where the suites over sockets run on Effect 4. */
import * as NodeHttp24 from "@effect-http2/effect4-platform-node/NodeHttp2"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type { ConnectOptions, ServeOptions } from "@effect-http2/platform-node/NodeHttp2"
import type { Listener } from "@effect-http2/platform-node/NodeListener"
import { bridged } from "@effect-http2/testkit/effect4/bridge"
import { handlerDown } from "@effect-http2/testkit/effect4/Http2Server"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type { ConnectOptions, ServeOptions } from "@effect-http2/platform-node/NodeHttp2"

export const serve = <E, R>(
  handler: Http2Server.Handler<E, R>,
  options: ServeOptions = {}
): Effect.Effect<
  Listener,
  Http2Error.TransportError | Http2Error.ConnectionError,
  Exclude<R, Scope.Scope> | Scope.Scope
> =>
  bridged((bridge) => {
    const given = bridge.down(options) as NodeHttp24.ServeOptions
    return NodeHttp24.serve(handlerDown(bridge, handler), given)
  })

export const connect = (
  url: string | URL,
  options: ConnectOptions = {}
): Effect.Effect<Http2Client.Http2Client, Http2Error.Http2Error, Scope.Scope> =>
  bridged((bridge) => NodeHttp24.connect(url, bridge.down(options) as NodeHttp24.ConnectOptions))
