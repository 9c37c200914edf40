/**
 * What the pools of a client share: what they ask of the skin, and of each other. Made by pools.ts, once for each client.
 */
import type * as Http2Error from "@effect-http2/engine/Http2Error"
import type { Cancel, OpenedSocket, Protocol, Timer } from "./exchange.js"
import type { Http1Response } from "./http1Response.js"
import type { ConnectionOwner, Http2Connection } from "./http2Connection.js"
import type { Origin } from "./origin.js"
import type { Resolved } from "./poolOptions.js"
import type { PoolMetrics } from "./poolStats.js"
import type { ReusableConnections } from "./reusableConnections.js"
import type { WaitReports } from "./waitTimeout.js"

/** What a pool has done for it. Each `done` is told once, behind a cancel too, when nothing is left of what was begun. */
export interface Skin<Response> {
  readonly timer: Timer
  /** From 0 to 1. */
  readonly random: () => number
  /** Opens a socket to `origin`, offering `protocols` by ALPN where it is one of TLS. */
  readonly dial: (
    origin: Origin,
    protocols: ReadonlyArray<Protocol>,
    done: (outcome: OpenedSocket | Http2Error.Http2Error) => void
  ) => Cancel
  /** Takes the socket over, which is closed with the connection, and where there is none. `owner` hears of every change. */
  readonly openHttp2: (
    opened: OpenedSocket,
    origin: Origin,
    owner: ConnectionOwner<Response>,
    reusable: ReusableConnections<Response> | undefined,
    done: (outcome: Http2Connection<Response> | Http2Error.Http2Error) => void
  ) => void
  /** A response over HTTP/1.1 as its reader gets it. */
  readonly toResponse: (response: Http1Response) => Response
  readonly metrics: PoolMetrics
  readonly reports: WaitReports
}

export interface PoolContext<Response, Pool> {
  readonly options: Resolved
  readonly skin: Skin<Response>
  /** When a connection that is opened now is to be replaced. */
  readonly expiry: () => number
  /** Whether the client was closed. */
  readonly isClosed: () => boolean
  /** What a proxy that answers for the origin wants to see in each request, where there is one. */
  readonly proxyHeaders: (origin: Origin) => Readonly<Record<string, string>> | undefined
  /** The connections of all pools, where requests may go over those of other origins. */
  readonly reusable: ReusableConnections<Response> | undefined
  /** The pool, which may be forgotten already, will have connections. */
  readonly onBusy: (pool: Pool) => void
  /** The pool may be forgotten. */
  readonly onIdle: (pool: Pool) => void
}
