/** `Http2Server` of Effect 3, as far as tests know it, by the skin of Effect 4. Takes the place of that module where the wire-level suites run on Effect 4. */
import * as Http2Server4 from "@effect-http2/effect4-http2/Http2Server"
import type { Transport as Transport4 } from "@effect-http2/effect4-http2/Transport"
import type { Http2Connection } from "@effect-http2/http2/Http2Connection"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type { Handler, ServerOptions } from "@effect-http2/http2/Http2Server"
import type { Http2ServerRequest } from "@effect-http2/http2/Http2ServerRequest"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Scope from "effect/Scope"
import * as Effect4 from "effect4/Effect"
import * as Exit4 from "effect4/Exit"
import type * as Scope4 from "effect4/Scope"
import { bridged, type Bridge } from "./bridge.js"

export type { Handler, ServerOptions } from "@effect-http2/http2/Http2Server"

export const transportDown = (bridge: Bridge, transport: Transport): Transport4 => ({
  peer: transport.peer,
  incoming: bridge.streamDown(transport.incoming),
  write: (chunks) => transport.write(chunks),
  pendingOctets: () => transport.pendingOctets(),
  onDrain: (listener) => transport.onDrain(listener),
  defer: (task) => transport.defer(task),
  end: bridge.effectDown(transport.end),
  close: bridge.effectDown(transport.close)
})

/** The handler of a test, whose scope is closed with the stream's. */
export const handlerDown =
  <E, R>(bridge: Bridge, handler: Handler<E, R>): Http2Server4.Handler<never, Scope4.Scope> =>
  (request) => {
    const answer = handler(bridge.up(request) as Http2ServerRequest)
    if (!Effect.isEffect(answer)) return answer
    return Effect4.gen(function* () {
      const scope = yield* bridge.effectDown(Scope.make())
      yield* Effect4.addFinalizer((exit) =>
        bridge.effectDown(
          Scope.close(
            scope,
            Exit4.isSuccess(exit) ? Effect.runSyncExit(Effect.void) : Effect.runSyncExit(Effect.die("over"))
          )
        )
      )
      // What else it needs is in the runtime of the test.
      const provided = Scope.extend(answer as Effect.Effect<unknown, E, Scope.Scope>, scope)
      return bridge.down(yield* bridge.effectDown(provided)) as never
    })
  }

type Made<A, R> = Effect.Effect<A, Http2Error.ConnectionError, Exclude<R, Scope.Scope> | Scope.Scope>

const makeOver = <E, R>(
  transport: Transport,
  handler: Handler<E, R>,
  options: ServerOptions = {}
): Made<Http2Connection, R> =>
  bridged((bridge) =>
    Http2Server4.make(
      transportDown(bridge, transport),
      handlerDown(bridge, handler),
      bridge.down(options) as Http2Server4.ServerOptions
    )
  )

export const make = dual((args) => typeof args[0] !== "function", makeOver) as typeof Http2Server.make

const serve = <E, R>(transport: Transport, handler: Handler<E, R>, options: ServerOptions = {}) =>
  bridged<void, unknown, Exclude<R, Scope.Scope>>((bridge) => {
    const serve4 = Http2Server4.serveTransport(
      handlerDown(bridge, handler),
      bridge.down(options) as Http2Server4.ServerOptions
    )
    return serve4(transportDown(bridge, transport))
  })

export const serveTransport = dual((args) => typeof args[0] !== "function", serve) as typeof Http2Server.serveTransport
