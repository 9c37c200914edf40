/**
 * Counters of what the pools of a client do: plain numbers, written as they go.
 *
 * @since 0.1.0
 */
/**
 * The counters of a client. Give one to several clients to have their sum.
 *
 * @since 0.1.0
 * @category models
 */
export class PoolStats {
  /** Connections that were tried to be opened, and those of them that were not. */
  dials = 0
  dialsFailed = 0
  /** HTTP/2 connections, and connections of HTTP/1.1, that are open now. */
  connections = 0
  http1Connections = 0
  /** Requests that wait for a free stream or connection now, that had to wait since the start, and the ms that they waited in all. */
  waiting = 0
  waited = 0
  waitedMillis = 0
  /** Requests that were turned away because too many were waiting, and those that had waited for too long. */
  rejected = 0
  expired = 0
  /** How often requests began to wait because an origin had as many connections as the options allow. */
  limitsReached = 0
  /** Connections that were replaced because of their age. */
  aged = 0
  /** Requests that were sent a second time, because the first was not processed. */
  retries = 0
  /** Requests that were answered with 421 on a connection of another origin. */
  misdirected = 0
  /** Responses over HTTP/1.1 that went beyond what the options, or 32 informational ones before it, allow, and were given up. */
  http1LimitsExceeded = 0
  /** Connections that did not answer a probe, and were replaced. */
  probesFailed = 0
}

/** The same as the skins' metrics, over all clients of the process. */
export interface PoolMetrics {
  /** One more waits, or one less. */
  readonly waiting: (change: 1 | -1) => void
  /** One has waited for so long, in ms. */
  readonly waited: (millis: number) => void
}
