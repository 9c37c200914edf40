/**
 * What a connection asks of its role. Implemented by serverRole.ts and clientRole.ts; the engine is the same for both.
 */
import type * as ExtensionFrame from "../ExtensionFrame.js"
import type * as Frame from "../Frame.js"
import type { Options } from "../Options.js"
import type { ExtensionLimits } from "../frame/extensionPayload.js"
import type { FieldSection } from "../fields/messageHead.js"
import type { Origins } from "../origin/origins.js"
import type { Connection } from "./connection.js"

/** What differs between a client and a server. */
export interface Role {
  readonly isServer: boolean
  /** HEADERS on a stream that is idle: a new stream, where the role allows it. Throws where it does not. */
  openStream(connection: Connection, frame: Frame.Headers, section: FieldSection): void
  /** PRIORITY_UPDATE (RFC 9218 §7.1). Throws where the role does not take it. */
  receivePriorityUpdate(connection: Connection, frame: ExtensionFrame.PriorityUpdate): void
  /** There may be room for another stream, or there never will be again. */
  onCapacity(): void
  /** Handlers that are done with their stream and not finished: they count as streams (CVE-2023-44487). */
  readonly lingering: number
  /** Requests that wait for a stream; at a server there are none. */
  readonly queued: number
  /** What the peer says of origins; a client does not say anything, and a server does not listen. */
  readonly origins: Origins | undefined
  /** How much of the peer's extension frames is decoded. */
  extensionLimits(options: Options): ExtensionLimits
  /** Whether the peer may push (§8.4), as far as its role goes. */
  readonly takesPushes: boolean
  /** PUSH_PROMISE whose field block is complete, where `takesPushes`. */
  receivePushPromise(connection: Connection, frame: Frame.PushPromise, section: FieldSection): void
}
