/** PING, GOAWAY, and the windows (RFC 9113 §5.2, §6.7 to §6.9), broken in the engine. */
import { edits, type Mutant } from "../mutant.js"

const frames = edits(
  {
    rule: "rfc9113-6.7-2",
    in: "receivePing",
    find: "new Frame.Ping(true, frame.data)",
    replace: "new Frame.Ping(true, new Uint8Array(8))"
  },
  {
    rule: "rfc9113-6.7-4",
    in: "receivePing",
    find: "new Frame.Ping(true, frame.data)",
    replace: "new Frame.Ping(false, frame.data)"
  },
  {
    rule: "rfc9113-6.7-5",
    in: "receivePing",
    find: "if (!frame.ack) {",
    replace: "if (frame.ack) connection.outbox.control(new Frame.Ping(true, frame.data))\n  else {"
  },
  {
    rule: "rfc9113-6.8-1",
    in: "Connection.peerGoesAway",
    find: "this.drain()",
    replace: ""
  },
  {
    rule: "rfc9113-6.8-5",
    in: "receiveGoAway",
    find: "if (frame.lastStreamId > connection.peerAcceptsUpTo) {",
    replace: "if (frame.lastStreamId > 0x7fffffff) {"
  },
  {
    rule: "rfc9113-6.9-2",
    in: "receiveConnectionWindow",
    find: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.9", "WINDOW_UPDATE by 0")',
    replace: "return"
  },
  {
    rule: "rfc9113-6.9.1-3",
    in: "receiveConnectionWindow",
    find: "if (!connection.outbox.grant(increment)) {",
    replace: "if (!connection.outbox.grant(increment) && increment === 0) {"
  }
)

const streams = edits(
  {
    rule: "rfc9113-6.9-2",
    in: "receiveStreamWindow",
    find: 'throw Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "6.9", "WINDOW_UPDATE by 0")',
    replace: "return"
  },
  {
    rule: "rfc9113-6.9.1-3",
    in: "receiveStreamWindow",
    find: "throw Http2Error.streamError(streamId, ErrorCode.FLOW_CONTROL_ERROR,",
    replace: "throw Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR,"
  },
  {
    rule: "rfc9113-6.9-4",
    in: "receiveData",
    find: "if (!connection.receiveWindow.receive(flowControlledLength)) {",
    replace:
      "if (connection.table.get(streamId)?.error !== undefined) return\n  if (!connection.receiveWindow.receive(flowControlledLength)) {"
  },
  {
    rule: "rfc9113-6.9-4",
    in: "receiveStrayData",
    find: 'connection.consumed(flowControlledLength)\n  throw closed(streamId, "DATA")',
    replace: 'throw closed(streamId, "DATA")'
  },
  {
    rule: "rfc9113-6.9.1-1",
    in: "receiveData",
    find: "if (!connection.receiveWindow.receive(flowControlledLength)) {",
    replace: "if (!connection.receiveWindow.receive(flowControlledLength, 0x7fffffff)) {"
  },
  {
    rule: "rfc9113-6.8-7",
    in: "receiveStrayData",
    find: "if (isBeyondGoAway(connection, streamId)) return connection.consumed(flowControlledLength)",
    replace: "if (isBeyondGoAway(connection, streamId)) return"
  }
)

const windows = [
  ...edits(
    {
      rule: ["rfc9113-5.2.1-1", "rfc9113-6.9.1-1"],
      in: "take",
      find: "const taken = Math.min(wanted, inStream, inConnection)",
      replace: "const taken = Math.min(wanted, inStream)"
    },
    {
      rule: "rfc9113-6.9.1-1",
      in: "take",
      find: "const taken = Math.min(wanted, inStream, inConnection)",
      replace: "const taken = Math.min(wanted, inConnection)"
    },
    {
      rule: ["rfc9113-6.9.1-2", "rfc9113-6.9.1-3"],
      in: "adjust",
      find: "if (next > MAX_WINDOW_SIZE) return false",
      replace: "if (next > 2 * MAX_WINDOW_SIZE) return false"
    },
    {
      rule: ["rfc9113-6.9.1-2"],
      in: "adjust",
      find: "if (next > MAX_WINDOW_SIZE) return false",
      replace: "if (next >= MAX_WINDOW_SIZE) return false"
    },
    {
      rule: "rfc9113-6.9.2-2",
      in: "adjust",
      find: "window.octets = next",
      replace: "window.octets = Math.max(0, next)"
    }
  ),
  ...edits({
    rule: "rfc9113-6.9.3-1",
    in: "LocalSettings.windowSlack",
    find: "return this.initialWindowSize.most - this.announced.initialWindowSize",
    replace: "return 0"
  }),
  ...edits({
    rule: "rfc9113-6.9.1-1",
    in: "Stream.fitsWindow",
    find: "return this.receiveWindow.receive(octets, settings.windowSlack)",
    replace: "return this.receiveWindow.receive(octets, 0x7fffffff)"
  })
]

const goodbye = edits({
  rule: "rfc9113-6.8-5",
  in: "Closing.begin",
  find: 'connection.sendGoAway(MAX_STREAM_ID, ErrorCode.NO_ERROR, "")',
  replace: 'connection.sendGoAway(0, ErrorCode.NO_ERROR, "")'
})

export const connection: ReadonlyArray<Mutant> = [...frames, ...streams, ...windows, ...goodbye]
