/** The beginning of a connection, and its settings (RFC 9113 §3.4, §6.5), broken in the engine. */
import { edits, type Mutant } from "../mutant.js"

const sending = edits(
  {
    rule: "rfc9113-3.4-1",
    in: "sendPreface",
    find: "if (!connection.role.isServer) connection.outbox.raw(preface)",
    replace: ""
  },
  {
    rule: ["rfc9113-3.4-1", "rfc9113-3.4-2", "rfc9113-6.5-1", "rfc9113-3.3-2", "rfc9113-3.2-2"],
    in: "sendPreface",
    find: "connection.outbox.frame(\n    connection.role.isServer ? serverPreface(announced) : encodeFirst(announced, Settings.initial)\n  )",
    replace: ""
  },
  {
    rule: ["rfc9113-6.5.2-4", "rfc9113-6.5.2-5"],
    in: "serverPreface",
    find: "encodeFirst(announced, serverInitial)",
    replace: "encodeFirst({ ...announced, enablePush: true }, serverInitial)"
  },
  {
    rule: "rfc9113-6.5.2-10",
    in: "bounds",
    find: "maxFrameSize: [16_384, 16_777_215],\n  maxHeaderListSize",
    replace: "maxFrameSize: [16_383, 16_777_216],\n  maxHeaderListSize"
  },
  {
    rule: "rfc9113-6.5.2-4",
    in: "flagViolation",
    find: `if (after.enablePush !== before.enablePush && isServer) return "enablePush is a client's to set"`,
    replace: ""
  },
  {
    rule: "rfc8441-3-2",
    in: "flagViolation",
    find: 'if (before.enableConnectProtocol) return "enableConnectProtocol cannot be taken back (RFC 8441 §3)"',
    replace: ""
  },
  {
    rule: "rfc9218-2.1-4",
    in: "flagViolation",
    find: "return after.noRfc7540Priorities === before.noRfc7540Priorities\n",
    replace: "return after.noRfc7540Priorities === after.noRfc7540Priorities\n"
  },
  {
    rule: "rfc9218-2.1-3",
    in: "sendPreface",
    find: "connection.settings.announce(announced, connection.now())",
    replace:
      "connection.settings.announce(announced, connection.now())\n  connection.outbox.control(new Frame.Settings(false, []))"
  }
)

const values = edits(
  {
    rule: ["rfc9113-6.5-7", "rfc9113-6.5.2-3", "rfc8441-3-1", "rfc9218-2.1-2"],
    in: "flag",
    find: "if (value > 1) {",
    replace: "if (value > 0xffffffff) {"
  },
  {
    rule: "rfc9113-6.5.2-9",
    in: "apply",
    find: 'if (!isWithinBounds("initialWindowSize", value)) {',
    replace: "if (value > 0xfffffffe) {"
  },
  {
    rule: "rfc9113-6.5.2-9",
    in: "apply",
    find: "throw Http2Error.connectionError(ErrorCode.FLOW_CONTROL_ERROR,",
    replace: "throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR,"
  },
  {
    rule: ["rfc9113-6.5-7", "rfc9113-6.5.2-11"],
    in: "apply",
    find: 'if (!isWithinBounds("maxFrameSize", value)) {',
    replace: "if (value < 1 || value > 16_777_215) {"
  },
  {
    rule: ["rfc9113-6.5.2-12", "rfc9113-6.5.3-3", "rfc9113-5.5-1"],
    in: "apply",
    find: "case Id.NO_RFC7540_PRIORITIES:\n        next.noRfc7540Priorities = flag(id, value)\n        break",
    replace:
      'case Id.NO_RFC7540_PRIORITIES:\n        next.noRfc7540Priorities = flag(id, value)\n        break\n      default:\n        throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.5.2", toName(id))'
  },
  {
    rule: "rfc9113-6.5.3-2",
    in: "apply",
    find: "for (const [id, value] of entries) {",
    replace: "for (const [id, value] of [...entries].reverse()) {"
  },
  {
    rule: "rfc9113-6.5-2",
    in: "toEntries",
    find: "add(Id.MAX_HEADER_LIST_SIZE, to.maxHeaderListSize, from.maxHeaderListSize)\n",
    replace: ""
  },
  {
    rule: "rfc8441-3-2",
    in: "apply",
    find: "if (next.enableConnectProtocol && !enabled) {",
    replace: "if (next.enableConnectProtocol && !enabled && value > 0) {"
  },
  {
    rule: "rfc9113-5.5-6",
    in: "initial",
    find: "enableConnectProtocol: false,",
    replace: "enableConnectProtocol: true,"
  }
)

const receiving = edits(
  {
    rule: ["rfc9113-3.4-3", "rfc9113-6.5.3-4"],
    in: "receiveSettings",
    find: "connection.outbox.control(new Frame.Settings(true, []))",
    replace: ""
  },
  {
    rule: "rfc9113-6.5-3",
    in: "receiveSettings",
    find: "connection.outbox.control(new Frame.Settings(true, []))",
    replace: "connection.outbox.control(new Frame.Settings(true, frame.entries))"
  },
  {
    rule: "rfc9113-6.5.2-6",
    in: "receiveSettings",
    find: "if (!connection.role.isServer && frame.entries.some(",
    replace:
      "if (connection.role.isServer && !connection.hasRemoteSettings && frame.entries.length > 99 && frame.entries.some("
  },
  {
    rule: "rfc9113-6.5.3-1",
    in: "Connection.setRemoteSettings",
    find: "this.remoteSettings = settings\n",
    replace: "setTimeout(() => (this.remoteSettings = settings), 5)\n"
  },
  {
    rule: "rfc9113-6.5.3-1",
    in: "Connection.setRemoteSettings",
    find: "this.outbox.setMaxFrameSize(settings.maxFrameSize)\n",
    replace: ""
  },
  {
    rule: "rfc9113-6.5-2",
    in: "receiveSettings",
    find: "if (id === Settings.Id.HEADER_TABLE_SIZE) connection.outbox.fields.setHeaderTableSize(value)",
    replace: "if (id === Settings.Id.HEADER_TABLE_SIZE) connection.outbox.fields.setHeaderTableSize(value + 4096)"
  },
  {
    rule: "rfc9218-2.1-4",
    in: "receiveSettings",
    find: "if (connection.hasRemoteSettings && after.noRfc7540Priorities !== before.noRfc7540Priorities) {",
    replace: "if (connection.hasRemoteSettings && after.noRfc7540Priorities && !after.noRfc7540Priorities) {"
  },
  {
    rule: "rfc9113-6.9.2-1",
    in: "receiveSettings",
    find: "adjustWindows(connection, after.initialWindowSize - before.initialWindowSize)",
    replace: "adjustWindows(connection, after.initialWindowSize)"
  },
  { rule: "rfc9113-6.9.2-1", in: "adjustWindows", find: "if (delta === 0) return", replace: "if (delta <= 0) return" },
  {
    rule: "rfc9113-6.9.2-3",
    in: "adjustWindows",
    find: "if (!stream.adjustSendWindow(delta)) {",
    replace: "if (!stream.adjustSendWindow(delta) && delta < 0) {"
  }
)

const push = edits(
  {
    rule: ["rfc9113-6.5.2-2", "rfc9113-6.6-8"],
    in: "beginPushPromise",
    find: "if (!connection.role.takesPushes || connection.settings.enablePush.most === 0) {",
    replace: "if (!connection.role.takesPushes) {"
  },
  {
    rule: "rfc9113-8.4-6",
    in: "beginPushPromise",
    find: "if (!connection.role.takesPushes || connection.settings.enablePush.most === 0) {",
    replace: "if (connection.role.takesPushes && connection.settings.enablePush.most === 0) {"
  }
)

export const settings: ReadonlyArray<Mutant> = [...sending, ...values, ...receiving, ...push]
