/** Streams: their states, numbers and count (RFC 9113 §5.1), and what ends them (§5.4, §6.4), broken in the engine. */
import { edits, type Mutant } from "../mutant.js"

const states = edits(
  {
    rule: "rfc9113-5.1-3",
    in: "table",
    find: "reservedLocal:    [ halfClosedRemote, closed,          misuse,",
    replace: "reservedLocal:    [ halfClosedRemote, closed,          reservedLocal,"
  },
  {
    rule: "rfc9113-5.1-4",
    in: "table",
    find: "closed,    misuse,           protocolError,          protocolError,          protocolError,          protocolError,",
    replace:
      "closed,    misuse,           protocolError,          protocolError,          reservedLocal,          reservedLocal,"
  },
  {
    rule: "rfc9113-5.1-5",
    in: "table",
    find: "reservedRemote:   [ misuse,           misuse,          misuse,",
    replace: "reservedRemote:   [ misuse,           misuse,          reservedRemote,"
  },
  {
    rule: "rfc9113-5.1-6",
    in: "table",
    find: "halfClosedLocal,        closed,                 protocolError,          protocolError,",
    replace: "halfClosedLocal,        closed,                 reservedRemote,         reservedRemote,"
  },
  {
    rule: "rfc9113-5.1-7",
    in: "table",
    find: "halfClosedRemote, streamClosed,           streamClosed,",
    replace: "halfClosedRemote, connectionStreamClosed, connectionStreamClosed,"
  },
  {
    rule: ["rfc9113-5.1-7", "rfc9113-6.1-4"],
    in: "table",
    find: "streamClosed,           streamClosed,           closed,                 protocolError,     halfClosedRemote,",
    replace:
      "protocolError,          protocolError,          closed,                 protocolError,     halfClosedRemote,"
  },
  {
    rule: "rfc9113-5.1-8",
    in: "table",
    find: "closed:           [ misuse,           misuse,          misuse,",
    replace: "closed:           [ misuse,           misuse,          closed,"
  },
  {
    rule: ["rfc9113-5.1-9", "rfc9113-5.4.2-1", "rfc9113-6.4-2"],
    in: "table",
    find: "ignore,    misuse,           ignore,                 ignore,                 ignore,                 ignore,                 closed,",
    replace:
      "ignore,    misuse,           ignore,                 ignore,                 protocolError,          protocolError,          closed,"
  },
  {
    rule: "rfc9113-6.9-3",
    in: "table",
    find: "protocolError,     halfClosedRemote,   misuse ]",
    replace: "protocolError,     streamClosed,       misuse ]"
  }
)

const frames = edits(
  {
    rule: "rfc9113-5.1-1",
    in: "receiveStrayData",
    find: 'throw idle("DATA")',
    replace: 'throw closed(streamId, "DATA")'
  },
  { rule: "rfc9113-5.1-1", in: "receiveStreamWindow", find: 'throw idle("WINDOW_UPDATE")', replace: "return" },
  { rule: "rfc9113-6.4-6", in: "receiveRstStream", find: 'throw idle("RST_STREAM")', replace: "return" },
  {
    rule: "rfc9113-6.1-4",
    in: "receiveStrayData",
    find: 'connection.consumed(flowControlledLength)\n  throw closed(streamId, "DATA")',
    replace: "connection.consumed(flowControlledLength)"
  },
  {
    rule: "rfc9113-5.1-9",
    in: "receiveOn",
    find: 'if (outcome === StreamState.Outcome.ignore) return connection.guard.glitch("HEADERS on a stream that was reset")',
    replace: 'if (outcome === StreamState.Outcome.ignore) throw idle("HEADERS")'
  },
  {
    rule: "rfc9113-5.1.1-2",
    in: "receiveHeaders",
    find: 'throw Http2Error.connectionError(\n    ErrorCode.PROTOCOL_ERROR,\n    "5.1.1",',
    replace:
      'if (streamId > 0) return connection.role.openStream(connection, frame, block.section)\n  throw Http2Error.connectionError(\n    ErrorCode.PROTOCOL_ERROR,\n    "5.1.1",'
  },
  {
    rule: "rfc9113-5.1.1-3",
    in: "receiveHeaders",
    find: 'ErrorCode.PROTOCOL_ERROR,\n    "5.1.1",',
    replace: 'ErrorCode.STREAM_CLOSED,\n    "5.1.1",'
  },
  {
    rule: "rfc9113-5.4.2-3",
    in: "receiveRstStream",
    find: 'if (!connection.table.resetEnded(streamId)) connection.guard.glitch("RST_STREAM on a closed stream")',
    replace: 'throw closed(streamId, "RST_STREAM")'
  },
  {
    rule: "rfc9113-6.9-3",
    in: "receiveStreamWindow",
    find: 'const hasJustEnded = connection.table.endingOf(streamId) === "ended"',
    replace: 'throw closed(streamId, "WINDOW_UPDATE")\n    const hasJustEnded = increment < 0'
  },
  {
    rule: "rfc9113-7-1",
    in: "receiveRstStream",
    find: "connection.stats.resetsReceived++",
    replace: 'if (errorCode > 0xd) throw idle("an unknown code")\n  connection.stats.resetsReceived++'
  }
)

const roles = [
  ...edits(
    { rule: "rfc9113-5.1.1-1", in: "ClientRole.nextId", find: "private nextId = 1", replace: "private nextId = 2" },
    {
      rule: "rfc9113-5.1.1-2",
      in: "ClientRole.open",
      find: "this.nextId += 2",
      replace: "this.nextId = id === 1 ? 5 : id === 5 ? 3 : id + 4"
    },
    {
      rule: "rfc9113-5.1.2-1",
      in: "ClientRole.hasFreeStream",
      find: 'return connection.status === "open" && this.nextId <= Frame.MAX_STREAM_ID && connection.table.localCount < most',
      replace:
        'return connection.status === "open" && this.nextId <= Frame.MAX_STREAM_ID && connection.table.localCount <= most'
    },
    {
      rule: "rfc9113-5.1-2",
      in: "ClientRole.openStream",
      find: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", `HEADERS on ${what}`)',
      replace: 'if (what === "an idle stream") throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", what)'
    },
    {
      rule: "rfc9113-5.1.1-3",
      in: "ClientRole.openStream",
      find: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", `HEADERS on ${what}`)',
      replace: 'if (what !== "an idle stream") throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.1", what)'
    }
  ),
  ...edits(
    {
      rule: ["rfc9113-5.1.1-1", "rfc9113-5.1.1-3"],
      in: "ServerRole.openStream",
      find: "if (connection.table.isLocal(streamId)) {",
      replace: "if (streamId === 0) {"
    },
    {
      rule: "rfc9113-5.1.2-2",
      in: "ServerRole.openStream",
      find: "if (this.isBeyondLimit(connection)) return this.refuseBeyondLimit(connection, stream)",
      replace: ""
    }
  )
]

const errors = edits(
  {
    rule: "rfc9113-5.4-3",
    in: "Connection.raise",
    find: "if (Http2Error.isConnectionError(error)) return this.fail(error)",
    replace: "if (Http2Error.isConnectionError(error)) return this.close(error)"
  },
  {
    rule: "rfc9113-5.4.1-2",
    in: "Connection.fail",
    find: "this.sendGoAway(this.lastAccepted, error.code, error.description)\n    this.close(error)",
    replace: "this.sendGoAway(this.lastAccepted, error.code, error.description)"
  },
  {
    rule: "rfc9113-6.4-5",
    in: "Connection.streamError",
    find: "else if (this.table.isIdle(error.streamId)) {",
    replace: "else if (error.streamId < 0) {"
  }
)

const core = edits({
  rule: "rfc9113-6.4-1",
  in: "Stream.over",
  find: "if (this.sender !== undefined) this.owner.outbox.drop(this.sender)",
  replace: ""
})

export const streams: ReadonlyArray<Mutant> = [...states, ...frames, ...roles, ...errors, ...core]
