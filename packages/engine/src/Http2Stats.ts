/**
 * Counters of what connections do: plain numbers, written by the engine as it goes, read by whoever wants to know. Give one to several
 * connections to have their sum.
 *
 * @since 0.1.0
 */

/**
 * The counters at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  /** Connections open now. */
  readonly connections: number
  /** Streams open now, among them those that were reset and still wait for the peer to know. */
  readonly activeStreams: number
  /** Handlers that run now, among them interrupted ones that are still finalizing. */
  readonly activeHandlers: number
  /** Handlers interrupted because their stream was reset or their connection lost, since the start. */
  readonly handlersInterrupted: number
  /** Requests received (server) or sent (client), since the start. */
  readonly requests: number
  /** Requests promised by PUSH_PROMISE, by us (server) or to us (client), since the start. */
  readonly pushes: number
  /** RST_STREAM frames sent, since the start. */
  readonly resetsSent: number
  /** RST_STREAM frames received, since the start. */
  readonly resetsReceived: number
  /** Octets held now for streams whose peer has taken next to nothing for longer than `stallTimeout`: what `maxTotalStalledOctets` bounds. */
  readonly stalledOctets: number
  /** Streams that were reset since their peer moved the body more slowly than `bodyTimeout` and `minBodyRate` allow, since the start. */
  readonly slowBodies: number
  /** Frames that cost work and carry nothing, which `glitchBurst` and `glitchRate` bound, since the start. */
  readonly glitches: number
  /** Connections that were ended with ENHANCE_YOUR_CALM since their peer had used up one of the budgets, since the start. */
  readonly guardTrips: number
  /** Handlers that failed, or whose response could not be sent, for what the peer had done: a reset, or settings that no response fits; since the start. */
  readonly failuresByPeer: number
}

/**
 * A set of counters.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2Stats implements Snapshot {
  connections = 0
  activeStreams = 0
  activeHandlers = 0
  handlersInterrupted = 0
  requests = 0
  pushes = 0
  resetsSent = 0
  resetsReceived = 0
  stalledOctets = 0
  slowBodies = 0
  glitches = 0
  guardTrips = 0
  failuresByPeer = 0
}

/**
 * A set of counters, all 0.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Http2Stats => new Http2Stats()

/**
 * The counters as they are now.
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot = (stats: Http2Stats): Snapshot => ({ ...stats })
