/**
 * From an open socket to a connection of the pool that speaks HTTP/2. Called by skin.ts.
 */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { OpenedSocket } from "@effect-http2/node/client/exchange"
import type { ConnectionOwner } from "@effect-http2/node/client/http2Connection"
import { http2To, listenerOf } from "@effect-http2/node/client/opening"
import type { Origin } from "@effect-http2/node/client/origin"
import type { ReusableConnections } from "@effect-http2/node/client/reusableConnections"
import { Identity } from "@effect-http2/node/socket/identity"
import { notHttp2 } from "@effect-http2/node/socket/socketError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { fromOpenSocket } from "../../socket/socketTransport.js"
import type { Fork } from "../wire/forked.js"
import { ClientConnection } from "../wire/http2Connection.js"
import type { Incoming } from "../wire/incoming.js"
import type { Resolved } from "./options.js"

/** Takes the socket over; it is closed with the scope of what comes back, and where nothing does. `owner` hears of every change. */
export const openHttp2 = (
  opened: OpenedSocket,
  origin: Origin,
  options: Resolved,
  fork: Fork,
  owner: ConnectionOwner<Incoming>,
  reusable: ReusableConnections<Incoming> | undefined
): Effect.Effect<ClientConnection, Http2Error.Http2Error> =>
  Effect.flatMap(Scope.make(), (scope) => {
    let connection: ClientConnection | undefined = undefined
    const identity = new Identity(opened.socket, options.pool.tls)
    const acquire = Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(opened.close))
      const transport = yield* Effect.acquireRelease(
        Effect.sync(() =>
          fromOpenSocket(
            opened.socket,
            undefined,
            origin.isTls ? undefined : (first) => notHttp2(origin.authority, first)
          )
        ),
        (transport) => transport.close
      )
      const listener = listenerOf(() => connection, reusable, options.pool)
      return yield* Http2Client.makeWith(transport, http2To(origin, options.http2, options.pool, identity), listener)
    })
    return Effect.map(
      Effect.onError(Scope.extend(acquire, scope), (cause) => Scope.close(scope, Exit.failCause(cause))),
      (client) => (connection = new ClientConnection(client, scope, fork, origin, owner, identity, opened.isDirect))
    )
  })
