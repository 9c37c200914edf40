/**
 * PRIORITY_UPDATE at a server (RFC 9218 §7.1): to the stream that it is about, or kept until that is opened. Called by the server's role, one for each
 * connection.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as ExtensionFrame from "../ExtensionFrame.js"
import * as Http2Error from "../Http2Error.js"
import * as Priority from "../Priority.js"
import type { Connection } from "../connection/connection.js"
import { State } from "../stream/streamState.js"

/** For how many idle streams an update is kept at most, whatever their limit is. */
const mostKept = 1024

const protocolError = (reason: string, limit?: string): Http2Error.ConnectionError =>
  Http2Error.connectionError(
    ErrorCode.PROTOCOL_ERROR,
    "5.5",
    `PRIORITY_UPDATE ${reason} (RFC 9218 §7.1)`,
    limit === undefined ? undefined : { limit }
  )

export class PriorityUpdates {
  /** By the ids of request streams that were idle when the last update for them came. */
  private kept: Map<number, Priority.Priority> | undefined = undefined

  receive(connection: Connection, frame: ExtensionFrame.PriorityUpdate): void {
    const { prioritizedId, value } = frame
    const { table } = connection
    if (prioritizedId === 0) throw protocolError("for stream 0")
    // It costs parsing, and carries nothing that has to be sent.
    connection.guard.glitch("PRIORITY_UPDATE")
    const stream = table.get(prioritizedId)
    const isIdle = stream === undefined && table.isIdle(prioritizedId)
    if (isIdle && table.isLocal(prioritizedId)) throw protocolError("for a stream that was not promised")
    if (value.length > Priority.maxLength) return
    connection.outbox.prioritize()
    if (stream !== undefined) return stream.receivePriority(Priority.parse(value))
    // Where it is not idle it is closed, and where we have said that we go it will not be opened.
    if (isIdle && prioritizedId <= connection.acceptedUpTo) this.keep(connection, prioritizedId, Priority.parse(value))
  }

  private keep(connection: Connection, streamId: number, priority: Priority.Priority): void {
    const { settings } = connection
    const kept = (this.kept ??= new Map<number, Priority.Priority>())
    if (!kept.has(streamId)) {
      if (exceeds(kept, connection, settings.maxConcurrentStreams.most)) {
        // It may not know the limit yet.
        if (settings.oldest < Number.POSITIVE_INFINITY) return
        throw protocolError("for more streams than there may be", "maxConcurrentStreams")
      }
      if (kept.size >= mostKept) return
    }
    kept.set(streamId, priority)
  }

  /** What was said of a stream that is opened now. */
  take(streamId: number): Priority.Priority | undefined {
    const priority = this.kept?.get(streamId)
    if (priority !== undefined) this.kept?.delete(streamId)
    return priority
  }
}

/** Whether with one more there were over `most` streams that are active, or idle and prioritized. */
const exceeds = (kept: Map<number, Priority.Priority>, { table }: Connection, most: number): boolean => {
  if (kept.size + table.remoteCount < most) return false
  // The exact count is dear, so that it is made only here: skipped ids are not idle, and a stream that we reset is not active.
  for (const id of kept.keys()) if (!table.isIdle(id)) kept.delete(id)
  let active = 0
  for (const stream of table.values()) if (!table.isLocal(stream.id) && stream.state !== State.resetSent) active++
  return kept.size + active >= most
}
