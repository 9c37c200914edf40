/** Frames that arrive: what their shape has to be (RFC 9113 §4, §6), broken in the decoder. */
import { edits, type Mutant } from "../mutant.js"

const decoder = edits(
  {
    rule: "rfc9113-3.4-4",
    in: "FrameDecoder.readPreface",
    find: "if (chunk[at] !== preface[preface.length - this.prefaceLeft]) {",
    replace: "if (chunk[at] === undefined) {"
  },
  {
    rule: "rfc9113-3.4-4",
    in: "FrameDecoder.readFrame",
    find: "if (this.expectSettings && type !== Frame.Type.SETTINGS) {",
    replace: "if (this.expectSettings && type === Frame.Type.DATA) {"
  },
  {
    rule: "rfc9113-4.2-1",
    in: "FrameDecoder.readFrame",
    find: "if (length > this.maxFrameSize.most) {",
    replace: "if (length >= this.maxFrameSize.most) {"
  },
  {
    rule: ["rfc9113-4.2-2", "rfc9113-4.2-3"],
    in: "FrameDecoder.readFrame",
    find: "if (length > this.maxFrameSize.most) {",
    replace: "if (length > 2 * this.maxFrameSize.most) {"
  },
  {
    rule: "rfc9113-4.2-2",
    in: "FrameDecoder.startData",
    find: "if (length === 0) {\n        return this.fail(",
    replace: "if (length < 0) {\n        return this.fail("
  },
  {
    rule: "rfc9113-6.1-3",
    in: "FrameDecoder.startData",
    find: 'return this.fail(frames, DATA, ErrorCode.PROTOCOL_ERROR, "6.1", "DATA on stream 0")',
    replace: ""
  },
  {
    rule: "rfc9113-6.1-5",
    in: "FrameDecoder.readData",
    find: "if (padLength > this.dataLeft) {",
    replace: "if (padLength > this.dataLeft + 1) {"
  }
)

const payload = edits(
  {
    rule: "rfc9113-6.2-5",
    in: "headers",
    find: 'if (streamId === 0) return protocolError(HEADERS, "6.2", "HEADERS on stream 0")',
    replace: ""
  },
  {
    rule: "rfc9113-4.2-3",
    in: "headers",
    find: 'return sizeError(HEADERS, "6.2", "HEADERS has no room',
    replace: 'return new Frame.Invalid(HEADERS, streamId, ErrorCode.FRAME_SIZE_ERROR, "6.2", "HEADERS has no room'
  },
  {
    rule: "rfc9113-6.2-6",
    in: "headers",
    find: 'if (end < at) return protocolError(HEADERS, "6.2",',
    replace: 'if (end < at - 256) return protocolError(HEADERS, "6.2",'
  },
  {
    rule: "rfc9113-6.6-6",
    in: "pushPromise",
    find: 'if (streamId === 0) return protocolError(PUSH_PROMISE, "6.6", "PUSH_PROMISE on stream 0")',
    replace: ""
  },
  {
    rule: "rfc9113-6.6-13",
    in: "pushPromise",
    find: 'if (end < at) return protocolError(PUSH_PROMISE, "6.6",',
    replace: 'if (end < at - 256) return protocolError(PUSH_PROMISE, "6.6",'
  },
  {
    rule: "rfc9113-6.3-1",
    in: "priority",
    find: 'if (streamId === 0) return protocolError(PRIORITY, "6.3", "PRIORITY on stream 0")',
    replace: ""
  },
  { rule: "rfc9113-6.3-2", in: "priority", find: "if (end - at !== 5) {", replace: "if (end - at < 4) {" },
  {
    rule: "rfc9113-6.3-2",
    in: "priority",
    find: "new Frame.Invalid(PRIORITY, streamId, ErrorCode.FRAME_SIZE_ERROR,",
    replace: "new Frame.Invalid(PRIORITY, 0, ErrorCode.FRAME_SIZE_ERROR,"
  },
  {
    rule: "rfc9113-6.4-4",
    in: "rstStream",
    find: 'if (streamId === 0) return protocolError(RST_STREAM, "6.4", "RST_STREAM on stream 0")',
    replace: ""
  },
  {
    rule: "rfc9113-6.4-7",
    in: "rstStream",
    find: 'if (end - at !== 4) return sizeError(RST_STREAM, "6.4",',
    replace: 'if (end - at < 3) return sizeError(RST_STREAM, "6.4",'
  },
  {
    rule: "rfc9113-6.5-6",
    in: "settings",
    find: 'if (streamId !== 0) return protocolError(SETTINGS, "6.5", "SETTINGS on a stream")',
    replace: ""
  },
  {
    rule: "rfc9113-6.5-4",
    in: "settings",
    find: 'if (ack && end !== start) return sizeError(SETTINGS, "6.5", "an acknowledgement of SETTINGS is not empty")',
    replace: ""
  },
  {
    rule: "rfc9113-6.5-8",
    in: "settings",
    find: "if ((end - start) % 6 !== 0) return sizeError(SETTINGS,",
    replace: "if ((end - start) % 6 === 9) return sizeError(SETTINGS,"
  },
  {
    rule: "rfc9113-6.7-6",
    in: "ping",
    find: 'if (streamId !== 0) return protocolError(PING, "6.7", "PING on a stream")',
    replace: ""
  },
  {
    rule: "rfc9113-6.7-7",
    in: "ping",
    find: "if (end - at !== 8) return sizeError(PING,",
    replace: "if (end - at < 6) return sizeError(PING,"
  },
  {
    rule: "rfc9113-6.8-4",
    in: "goAway",
    find: 'if (streamId !== 0) return protocolError(GOAWAY, "6.8", "GOAWAY on a stream")',
    replace: ""
  },
  {
    rule: "rfc9113-4.2-2",
    in: "goAway",
    find: "if (end - at < 8) return sizeError(GOAWAY,",
    replace: "if (end - at < 7) return sizeError(GOAWAY,"
  },
  {
    rule: "rfc9113-6.9-5",
    in: "windowUpdate",
    find: "end - at !== 4\n    ? sizeError(WINDOW_UPDATE,",
    replace: "end - at < 3\n    ? sizeError(WINDOW_UPDATE,"
  },
  {
    rule: "rfc9113-6.10-4",
    in: "continuation",
    find: "streamId === 0\n    ? protocolError(CONTINUATION,",
    replace: "streamId < 0\n    ? protocolError(CONTINUATION,"
  },
  {
    rule: "rfc9113-4.1-3",
    in: "ping",
    find: "return new Frame.Ping((flags & ACK) !== 0,",
    replace: "return new Frame.Ping(flags !== 0,"
  },
  {
    rule: "rfc9113-4.1-3",
    in: "headers",
    find: "(flags & END_STREAM) !== 0,\n    (flags & END_HEADERS) !== 0,\n    from.subarray(at, end),\n    priority",
    replace:
      "(flags & END_STREAM) !== 0,\n    (flags & END_HEADERS) !== 0 && flags < 0x40,\n    from.subarray(at, end),\n    priority"
  }
)

const reserved = edits({
  rule: "rfc9113-4.1-4",
  in: "readUint31",
  find: "((octet(from, at) & 0x7f) << 24) | (octet(from, at + 1) << 16)",
  replace: "(octet(from, at) << 24) | (octet(from, at + 1) << 16)"
})

const blocks = edits(
  {
    rule: ["rfc9113-4.3-1", "rfc9113-5.5-3", "rfc9113-6.2-3", "rfc9113-6.6-4", "rfc9113-6.10-2"],
    in: "HeaderBlocks.checkSequence",
    find: '} else if (first !== undefined && !(frame._tag === "Invalid" && frame.streamId === 0)) {',
    replace: "} else if (first === frame) {"
  },
  {
    rule: ["rfc9113-6.10-5", "rfc9113-6.10-6"],
    in: "HeaderBlocks.checkSequence",
    find: "if (first === undefined || first.streamId !== frame.streamId) {",
    replace: "if (first !== undefined && first.streamId !== frame.streamId) {"
  },
  {
    rule: ["rfc9113-4.3-1", "rfc9113-6.2-3"],
    in: "HeaderBlocks.checkSequence",
    find: "if (first === undefined || first.streamId !== frame.streamId) {",
    replace: "if (first === undefined) {"
  },
  {
    rule: ["rfc9113-4.3-2", "rfc9113-4.3-3"],
    in: "HeaderBlocks.decode",
    find: "throw Http2Error.connectionError(ErrorCode.COMPRESSION_ERROR,",
    replace: "throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR,"
  },
  {
    rule: "rfc9113-10.5.1-1",
    in: "HeaderBlocks.decode",
    find: "const { decoder, memory } = this\n",
    replace:
      'const { decoder, memory } = this\n    if (block.length > this.options.maxHeaderListSize) return new FieldSection([], "size")\n'
  }
)

const unknown = edits(
  {
    rule: ["rfc9113-4.1-2", "rfc9113-5.5-2"],
    in: "dispatch",
    find: "return OriginFrames.receiveUnknown(connection, frame)",
    replace: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.5", "a frame of an unknown type")'
  },
  {
    rule: "rfc9113-3.4-4",
    in: "checkFirst",
    find: '(frame._tag === "Settings" && !frame.ack)) return',
    replace: 'frame._tag === "Settings") return'
  },
  {
    rule: "rfc9113-5.1-9",
    in: "dispatch",
    find: "return receiveBlock(connection, blocks.begin(frame))",
    replace:
      "return connection.table.get(frame.streamId)?.error === undefined ? receiveBlock(connection, blocks.begin(frame)) : undefined"
  },
  {
    rule: ["rfc9113-5.2.2-1", "rfc9113-6.9-1"],
    in: "dispatch",
    find: "const { blocks } = connection\n",
    replace:
      'const { blocks } = connection\n  if (frame._tag !== "Data" && connection.receiveWindow.outstanding * 2 > connection.receiveWindow.size) return\n'
  }
)

export const receivedFrames: ReadonlyArray<Mutant> = [...decoder, ...payload, ...reserved, ...blocks, ...unknown]
