/**
 * The frames that are about one stream: HEADERS, DATA, RST_STREAM, WINDOW_UPDATE, PRIORITY, PUSH_PROMISE; and what they mean where the stream is
 * not there. Called by the dispatcher.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Connection } from "../connection/connection.js"
import type { HeaderBlock } from "../fields/headerBlock.js"
import { checkDependency } from "../stream/dependency.js"
import type { Stream } from "../stream/stream.js"
import * as StreamState from "../stream/streamState.js"

const { Event } = StreamState

const idle = (what: string): Http2Error.ConnectionError =>
  Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", `${what} on an idle stream`)

const closed = (streamId: number, what: string): Http2Error.StreamError =>
  Http2Error.streamError(streamId, ErrorCode.STREAM_CLOSED, "5.1", `${what} on a closed stream`)

/** Whether the peer opened the stream after we said that we would not process it: its frames are ignored (§6.8). */
const isBeyondGoAway = (connection: Connection, streamId: number): boolean =>
  !connection.table.isLocal(streamId) && streamId > connection.acceptedUpTo

/** A complete block that came in HEADERS (§6.2, §8.1). It has been decoded, whatever becomes of it. */
export const receiveHeaders = (connection: Connection, frame: Frame.Headers, block: HeaderBlock): void => {
  const { table } = connection
  const { streamId } = frame
  const stream = table.get(streamId)
  if (stream !== undefined) return receiveOn(connection, stream, frame, block)
  if (isBeyondGoAway(connection, streamId)) return
  if (table.isIdle(streamId)) return connection.role.openStream(connection, frame, block.section)
  const ending = table.endingOf(streamId)
  if (ending === "reset") throw closed(streamId, "HEADERS")
  if (ending === "ended") {
    throw Http2Error.connectionError(ErrorCode.STREAM_CLOSED, "5.1", `HEADERS on stream ${streamId}, which is closed`)
  }
  throw Http2Error.connectionError(
    ErrorCode.PROTOCOL_ERROR,
    "5.1.1",
    `HEADERS on stream ${streamId}, below the highest that was opened`
  )
}

const receiveOn = (connection: Connection, stream: Stream, frame: Frame.Headers, block: HeaderBlock): void => {
  const event = frame.endStream ? Event.receiveHeadersEnd : Event.receiveHeaders
  checkDependency(frame.streamId, frame.priority, connection.remoteSettings)
  const outcome = StreamState.next(stream.state, event)
  if (outcome === StreamState.Outcome.ignore) return connection.guard.glitch("HEADERS on a stream that was reset")
  if (!StreamState.isState(outcome)) stream.transition(event)
  connection.guard.progress()
  stream.receiveSection(block.section, frame.endStream)
}

/** DATA (§6.1). It counts against the connection's window whatever becomes of it (§5.2, §6.9). */
export const receiveData = (connection: Connection, frame: Frame.Data): void => {
  const { data, endStream, flowControlledLength, streamId } = frame
  if (!connection.receiveWindow.receive(flowControlledLength)) {
    throw Http2Error.connectionError(ErrorCode.FLOW_CONTROL_ERROR, "6.9.1", "DATA beyond the connection's window")
  }
  // The peer's window has shrunk: credit that is held back may be due.
  connection.consumed(0)
  const stream = connection.table.get(streamId)
  if (stream === undefined) return receiveStrayData(connection, frame)
  // CVE-2019-9518: DATA that carries nothing.
  if (data.length === 0 && !endStream && !frame.continued) connection.guard.glitch("empty DATA")
  else connection.guard.progress()
  if (!StreamState.isReceiving(stream.state)) {
    // FLOW CONTROL: the octets are dropped, and count as consumed.
    connection.consumed(flowControlledLength)
    stream.transition(endStream ? Event.receiveDataEnd : Event.receiveData)
    return
  }
  stream.receiveData(data, flowControlledLength, endStream)
}

const receiveStrayData = (connection: Connection, frame: Frame.Data): void => {
  const { flowControlledLength, streamId } = frame
  if (isBeyondGoAway(connection, streamId)) return connection.consumed(flowControlledLength)
  if (connection.table.isIdle(streamId)) throw idle("DATA")
  connection.consumed(flowControlledLength)
  throw closed(streamId, "DATA")
}

/** RST_STREAM (§6.4). */
export const receiveRstStream = (connection: Connection, frame: Frame.RstStream): void => {
  const { errorCode, streamId } = frame
  connection.meter.resetsReceived.add(errorCode)
  const stream = connection.table.get(streamId)
  if (stream === undefined) {
    if (isBeyondGoAway(connection, streamId)) return
    if (connection.table.isIdle(streamId)) throw idle("RST_STREAM")
    // §5.1: where it has just ended, the two have crossed on their way.
    if (!connection.table.resetEnded(streamId)) connection.guard.glitch("RST_STREAM on a closed stream")
    return
  }
  connection.stats.resetsReceived++
  connection.guard.progress()
  stream.abort(
    new Http2Error.StreamError({
      streamId,
      code: errorCode,
      origin: "Remote",
      reason: "Reset",
      description: "RST_STREAM",
      processed: errorCode === ErrorCode.REFUSED_STREAM ? "no" : "unknown",
      receivedOctets: stream.body?.received ?? 0
    })
  )
  // CVE-2023-44487: a peer that opens streams and resets them, by promises too. Resets of our streams answer what we asked, or pushed.
  if (!connection.table.isLocal(streamId)) connection.guard.reset()
}

/** WINDOW_UPDATE on a stream (§6.9). */
export const receiveStreamWindow = (connection: Connection, streamId: number, increment: number): void => {
  const stream = connection.table.get(streamId)
  if (stream === undefined) {
    if (isBeyondGoAway(connection, streamId)) return
    if (connection.table.isIdle(streamId)) throw idle("WINDOW_UPDATE")
    // §5.1: where it has just ended, the two have crossed on their way.
    const hasJustEnded = connection.table.endingOf(streamId) === "ended"
    if (hasJustEnded) connection.guard.credit(increment, connection.outbox, connection.table.opened)
    else connection.guard.creditOnClosed(increment, connection.outbox.sentOctets)
    return
  }
  const isAllowed = StreamState.isState(StreamState.next(stream.state, Event.receiveWindowUpdate))
  if (!isAllowed && !stream.transition(Event.receiveWindowUpdate)) return
  if (increment === 0) {
    throw Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "6.9", "WINDOW_UPDATE by 0")
  }
  connection.guard.credit(increment, connection.outbox, connection.table.opened)
  if (!stream.growSendWindow(increment)) {
    throw Http2Error.streamError(streamId, ErrorCode.FLOW_CONTROL_ERROR, "6.9.1", "the window grew beyond 2^31-1")
  }
}

/** PRIORITY (§6.3) is parsed and ignored. CVE-2019-9513: each one is a glitch. */
export const receivePriority = (connection: Connection, frame: Frame.Priority): void => {
  connection.guard.glitch("PRIORITY")
  checkDependency(frame.streamId, frame.priority, connection.remoteSettings)
}

/** PUSH_PROMISE (§6.6). An error from a client, and from a server that has acknowledged ENABLE_PUSH 0. */
export const beginPushPromise = (connection: Connection, frame: Frame.PushPromise): HeaderBlock | undefined => {
  if (!connection.role.takesPushes || connection.settings.enablePush.most === 0) {
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.6", "PUSH_PROMISE where push is not enabled")
  }
  return connection.blocks.begin(frame)
}

/** A complete block that came in PUSH_PROMISE. It has been decoded, whatever becomes of it. */
export const receivePushPromise = (connection: Connection, frame: Frame.PushPromise, block: HeaderBlock): void =>
  connection.role.receivePushPromise(connection, frame, block.section)
