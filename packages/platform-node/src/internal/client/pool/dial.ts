/**
 * New connections to an origin: directly, or through a proxy. One dial each; ALPN says on that very socket which protocol is spoken. Called by skin.ts.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { OpenedSocket, Protocol } from "@effect-http2/node/client/exchange"
import { protocolOf, socketTo } from "@effect-http2/node/client/opening"
import type { Origin } from "@effect-http2/node/client/origin"
import type { Resolved } from "@effect-http2/node/client/poolOptions"
import { failure } from "@effect-http2/node/socket/socketError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import { openSocket } from "../../../NodeTransport.js"
import type { Fork } from "../wire/forked.js"
import type { Tunnels } from "./tunnels.js"

/** Connects to `origin`, offering `protocols` by ALPN where it is one of TLS. Interruption leaves nothing behind. */
export const dial = (
  origin: Origin,
  protocols: ReadonlyArray<Protocol>,
  options: Resolved,
  tunnels: Tunnels,
  fork: Fork
): Effect.Effect<OpenedSocket, TransportError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Scope.make(), (scope) => {
      let isDirect = false
      const open = Effect.flatMap(tunnels.open(origin), (over) => {
        isDirect = over === undefined
        return over === undefined || origin.isTls
          ? openSocket(socketTo(origin, protocols, options, over))
          : over instanceof Net.Socket
            ? Effect.succeed(over)
            : Effect.fail(failure("InvalidOptions", "prior knowledge goes through a proxy of HTTP/1.1 only"))
      })
      return restore(Scope.extend(open, scope)).pipe(
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
        Effect.map((socket) => ({
          socket,
          protocol: protocolOf(socket, origin, options),
          isDirect,
          close: () => void fork(Scope.close(scope, Exit.void))
        }))
      )
    })
  )
