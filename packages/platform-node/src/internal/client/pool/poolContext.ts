/**
 * What the pools of a client share. Made by pools.ts, once for each client.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import type { OpenedSocket, Protocol } from "../wire/exchange.js"
import type { Resolved } from "./options.js"
import type { ReusableConnections } from "./reusableConnections.js"
import type { Origin } from "@effect-http2/node/client/origin"

export interface PoolContext<Pool> {
  readonly options: Resolved
  readonly runtime: Runtime.Runtime<never>
  readonly now: () => number
  /** When a connection that is opened now is to be replaced. */
  readonly expiry: () => number
  /** Whether the client was closed. */
  readonly isClosed: () => boolean
  readonly dial: (
    origin: Origin,
    protocols: ReadonlyArray<Protocol>
  ) => Effect.Effect<OpenedSocket, Http2Error.TransportError>
  /** What a proxy that answers for the origin wants to see in each request, where there is one. */
  readonly proxyHeaders: (origin: Origin) => Readonly<Record<string, string>> | undefined
  /** The connections of all pools, where requests may go over those of other origins. */
  readonly reusable: ReusableConnections | undefined
  /** The pool, which may be forgotten already, will have connections. */
  readonly onBusy: (pool: Pool) => void
  /** The pool may be forgotten. */
  readonly onIdle: (pool: Pool) => void
}
