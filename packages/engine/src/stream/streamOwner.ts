/**
 * What a stream needs of its connection. Implemented by connectionCore.ts.
 */
import type { Http2Stats } from "../Http2Stats.js"
import type { Options } from "../Options.js"
import type { Peer } from "../Peer.js"
import type { Inbox, MakeInbox } from "./inbox.js"
import type { Listeners } from "../listeners.js"
import type { LocalSettings } from "../settings/localSettings.js"
import type { MakeWindow } from "../flow/window.js"
import type { Outbox } from "../send/outbox.js"

/** The connection as its streams see it. */
export interface StreamOwner<Stream> {
  readonly outbox: Outbox
  readonly options: Options
  readonly stats: Http2Stats
  readonly peer: Peer
  readonly isDraining: boolean
  /** Told when the connection begins to drain. */
  readonly whenDraining: Listeners
  /** What we announced, and what the peer may go by. */
  readonly settings: LocalSettings
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly peerInitialWindowSize: number
  readonly peerMaxHeaderListSize: number
  /** Whether PRIORITY_UPDATE may be of use to the peer, a server: once it has spoken, only where it has said that it does without RFC 7540's (RFC 9218 §2.1.1). */
  readonly takesPriorityUpdates: boolean
  readonly now: () => number
  /** The windows and inboxes that the skin makes. */
  readonly makeWindow: MakeWindow
  readonly makeInbox: MakeInbox
  /** Octets of DATA were consumed: they go back to the connection's window. */
  consumed(octets: number): void
  /** Runs `task` once the event loop's turn is over: fibers that were woken by then have gone on. */
  defer(task: () => void): void
  /** A body has something for a consumer that waits: it is handed over soon. */
  deliverLater(inbox: Inbox): void
  /** The stream is closed. `byPeer`: the peer reset it. */
  closed(stream: Stream, byPeer: boolean): void
  /** RST_STREAM was sent and the peer may not know yet: call `stream.resetAcknowledged` when it does. */
  awaitReset(stream: Stream): void
  /** The peer left us nothing but a reset: it counts against its budget. */
  forcedReset(): void
}
