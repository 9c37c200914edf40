/**
 * What a connection asks of its role. Implemented by serverRole.ts and clientRole.ts; the engine is the same for both.
 */
import type * as Frame from "../Frame.js"
import type { FieldSection } from "./messageHead.js"

/** What differs between a client and a server. */
export interface RoleOf<Connection> {
  readonly isServer: boolean
  /** HEADERS on a stream that is idle: a new stream, where the role allows it. Throws where it does not. */
  openStream(connection: Connection, frame: Frame.Headers, section: FieldSection): void
  /** There may be room for another stream, or there never will be again. */
  onCapacity(): void
  /** Handlers that are done with their stream and not finished: they count as streams (CVE-2023-44487). */
  readonly lingering: number
}
