/**
 * What the pool's connections are opened with: the socket, and HTTP/2 on it. Called by the skins' dial.ts, tunnels.ts and openHttp2.ts, which bring scopes and
 * interruption.
 */
import type { OriginListener } from "@effect-http2/engine/origin/originModels"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import type { OpenOptions } from "../socket/connect.js"
import type { Identity } from "../socket/identity.js"
import type { Protocol } from "./exchange.js"
import type { Http2Connection } from "./http2Connection.js"
import type { Origin } from "./origin.js"
import type { Resolved } from "./poolOptions.js"
import type { ReusableConnections } from "./reusableConnections.js"

/** A socket to `origin`, which is offered `protocols` by ALPN where it is one of TLS; over `over`, where a proxy has given that. */
export const socketTo = (
  { host, isTls, port }: Origin,
  protocols: ReadonlyArray<Protocol>,
  options: Resolved,
  over?: Duplex
): OpenOptions & { readonly connectTimeout: number } => ({
  host,
  port,
  over,
  tls: isTls ? (options.tls ?? true) : undefined,
  connectTimeout: options.connectTimeout,
  lookup: options.lookup,
  alpnProtocols: protocols,
  requireAlpn: false
})

/** What is spoken on `socket`, which is open: as ALPN says, or as is known of a plain origin before. */
export const protocolOf = (socket: Net.Socket, origin: Origin, options: Resolved): Protocol => {
  if (origin.isTls && socket instanceof Tls.TLSSocket) return socket.alpnProtocol === "h2" ? "h2" : "http/1.1"
  return options.hasPriorKnowledge(origin.key) ? "h2" : "http/1.1"
}

/** What a connection of HTTP/2 is opened with: `given`, and what follows from what it is opened for. */
interface Http2Opening {
  readonly enablePush: false
  readonly authority: string
  readonly scheme: "https" | "http"
  readonly origin: string
  readonly isProxy: boolean
  readonly isAuthoritative: (origin: string) => boolean
}

export const http2To = <Given extends object>(
  origin: Origin,
  given: Given,
  { isProxy }: Resolved,
  { isAuthoritative }: Identity
): Given & Http2Opening => ({
  ...given,
  // Nobody would take what is pushed.
  enablePush: false,
  authority: origin.authority,
  scheme: origin.isTls ? "https" : "http",
  // Through a tunnel, the port of the socket is the proxy's.
  origin: origin.key,
  isProxy,
  isAuthoritative
})

/** What a connection of HTTP/2 is told while it is open, for the pool's `connection`, which is there once it is. */
export const listenerOf = <Response>(
  connection: () => Http2Connection<Response> | undefined,
  reusable: ReusableConnections<Response> | undefined,
  { onAltSvc }: Resolved
): OriginListener & { readonly onCapacity: () => void } => ({
  onCapacity: () => connection()?.changed(),
  onOriginSet: () => {
    const opened = connection()
    if (opened === undefined) return
    reusable?.originsChanged(opened)
    opened.changed()
  },
  onAltSvc
})
