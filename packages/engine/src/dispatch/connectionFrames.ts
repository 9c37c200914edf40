/**
 * The frames that are about the connection: SETTINGS, PING, GOAWAY, WINDOW_UPDATE on stream 0. They take effect before the next frame is
 * dispatched. Called by the dispatcher.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import * as Settings from "../Settings.js"
import type { Connection } from "../connection/connection.js"
import { settingsAcknowledged } from "../connection/sendSettings.js"
import * as Text from "../text.js"

/** SETTINGS (§6.5): an acknowledgement of ours, or the peer's, to be applied at once and acknowledged. */
export const receiveSettings = (connection: Connection, frame: Frame.Settings): void => {
  if (frame.ack) {
    if (!settingsAcknowledged(connection)) connection.guard.glitch("an acknowledgement of SETTINGS that were not sent")
    return
  }
  connection.guard.settingsEntries(frame.entries.length)
  if (connection.hasRemoteSettings) connection.guard.glitch("SETTINGS")
  const before = connection.remoteSettings
  const after = Settings.apply(before, frame.entries)
  if (!connection.role.isServer && frame.entries.some(([id, value]) => id === Settings.Id.ENABLE_PUSH && value === 1)) {
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.5.2", "a server announced ENABLE_PUSH 1")
  }
  if (connection.hasRemoteSettings && after.noRfc7540Priorities !== before.noRfc7540Priorities) {
    const reason = "SETTINGS_NO_RFC7540_PRIORITIES changed behind the first SETTINGS (RFC 9218 §2.1)"
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.5.2", reason)
  }
  connection.setRemoteSettings(after)
  // The lowest value between two acknowledgements has to show in the next block (RFC 7541 §4.2): each in its order.
  for (const [id, value] of frame.entries) {
    if (id === Settings.Id.HEADER_TABLE_SIZE) connection.outbox.fields.setHeaderTableSize(value)
  }
  adjustWindows(connection, after.initialWindowSize - before.initialWindowSize)
  connection.outbox.control(new Frame.Settings(true, []))
  connection.role.onCapacity()
  connection.whenSettled.notify()
}

/** FLOW CONTROL: SETTINGS_INITIAL_WINDOW_SIZE changes every stream's window by the difference, below zero too (§6.9.2). */
const adjustWindows = (connection: Connection, delta: number): void => {
  if (delta === 0) return
  for (const stream of connection.table.values()) {
    if (!stream.adjustSendWindow(delta)) {
      throw Http2Error.connectionError(ErrorCode.FLOW_CONTROL_ERROR, "6.9.2", "a window grew beyond 2^31-1")
    }
  }
}

/** PING (§6.7): answered with the same octets, or an answer to ours. */
export const receivePing = (connection: Connection, frame: Frame.Ping): void => {
  if (!frame.ack) {
    connection.guard.ping(connection.outbox.sentOctets)
    return connection.outbox.control(new Frame.Ping(true, frame.data))
  }
  if (!connection.pings.acknowledge(frame.data, connection.now()))
    connection.guard.glitch("an unknown PING acknowledged")
}

/**
 * GOAWAY (§6.8): streams of ours above its last id were not processed and can be retried; the others go on. A repeated one is only
 * counted, and makes nothing.
 */
export const receiveGoAway = (connection: Connection, frame: Frame.GoAway): void => {
  if (frame.lastStreamId > connection.peerAcceptsUpTo) {
    throw Http2Error.connectionError(
      ErrorCode.PROTOCOL_ERROR,
      "6.8",
      "a GOAWAY with a higher last stream id than before"
    )
  }
  connection.meter.goAwaysReceived.add(frame.errorCode)
  connection.guard.goAway()
  const before = connection.goneAway
  if (before?.code === frame.errorCode && frame.lastStreamId === connection.peerAcceptsUpTo) return
  const debug = frame.debugData.length === 0 ? "" : `: ${Text.fromOctets(frame.debugData.subarray(0, 256))}`
  const goneAway = (processed: Http2Error.Processed): Http2Error.ConnectionError =>
    new Http2Error.ConnectionError({
      code: frame.errorCode,
      origin: "Remote",
      reason: "GoAway",
      description: `GOAWAY${debug}`,
      processed
    })
  // Streams at or below the last id may have been processed, also where the connection ends before they do.
  connection.peerGoesAway(frame.lastStreamId, goneAway("unknown"))
  for (const stream of connection.table.values()) {
    if (connection.table.isLocal(stream.id) && stream.id > frame.lastStreamId) stream.abort(goneAway("no"))
  }
  connection.role.onCapacity()
  if (before !== undefined) return
  const awaitIdle = (): void => connection.onIdle(() => leave(connection))
  // A client has nothing more to do here once its streams are done. To a server requests may come in the same read.
  if (connection.role.isServer) connection.defer(awaitIdle)
  else awaitIdle()
}

/** The peer goes away and no stream is open: a clean end, unless its GOAWAY has an error code. */
const leave = (connection: Connection): void => {
  if (connection.status === "closed") return
  const { goneAway } = connection
  connection.sendGoAway(connection.lastAccepted, ErrorCode.NO_ERROR, "")
  connection.close(goneAway?.code === ErrorCode.NO_ERROR ? undefined : goneAway)
}

/** WINDOW_UPDATE on stream 0 (§6.9). */
export const receiveConnectionWindow = (connection: Connection, increment: number): void => {
  if (increment === 0) {
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.9", "WINDOW_UPDATE by 0")
  }
  connection.guard.credit(increment, connection.outbox, connection.table.opened)
  if (!connection.outbox.grant(increment)) {
    throw Http2Error.connectionError(
      ErrorCode.FLOW_CONTROL_ERROR,
      "6.9.1",
      "the connection's window grew beyond 2^31-1"
    )
  }
}
