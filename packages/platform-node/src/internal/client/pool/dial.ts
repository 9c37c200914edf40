/**
 * New connections to an origin: directly, or through a proxy. One dial each; ALPN says on that very socket which protocol is spoken. Called by skin.ts.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { OpenedSocket, Protocol } from "@effect-http2/node/client/exchange"
import type { Origin } from "@effect-http2/node/client/origin"
import type { Resolved } from "@effect-http2/node/client/poolOptions"
import { failure } from "@effect-http2/node/socket/socketError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { openSocket } from "../../../NodeTransport.js"
import type { Fork } from "../wire/forked.js"
import type { Tunnels } from "./tunnels.js"

const protocolOf = (socket: Net.Socket, origin: Origin, options: Resolved): Protocol => {
  if (origin.isTls && socket instanceof Tls.TLSSocket) return socket.alpnProtocol === "h2" ? "h2" : "http/1.1"
  return options.hasPriorKnowledge(origin.key) ? "h2" : "http/1.1"
}

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
          ? openSocket({
              host: origin.host,
              port: origin.port,
              over,
              tls: origin.isTls ? (options.tls ?? true) : undefined,
              connectTimeout: options.connectTimeout,
              lookup: options.lookup,
              alpnProtocols: protocols,
              requireAlpn: false
            })
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
