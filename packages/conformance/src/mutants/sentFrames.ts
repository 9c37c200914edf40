/** Frames that are sent: their form (RFC 9113 §4, §6), broken where they are made. */
import { edits, type Mutant } from "../mutant.js"

const encoder = edits(
  {
    rule: "rfc9113-4.1-3",
    in: "encode",
    find: "Frame.Type.WINDOW_UPDATE, NONE,",
    replace: "Frame.Type.WINDOW_UPDATE, ACK,"
  },
  {
    rule: "rfc9113-4.1-4",
    in: "writeFrameHeader",
    find: "writeUint32(into, at + 5, streamId)",
    replace: "writeUint32(into, at + 5, streamId + 0x80000000)"
  },
  {
    rule: "rfc9113-6.5-5",
    in: "encode",
    find: "value.ack ? ACK : NONE, 0, settings(",
    replace: "value.ack ? ACK : NONE, 1, settings("
  },
  {
    rule: ["rfc9113-6.1-1", "rfc9113-6.2-1", "rfc9113-6.6-2"],
    in: "pad",
    find: "const octets = new Uint8Array(1 + payload.length + padding)",
    replace: "const octets = new Uint8Array(1 + payload.length + padding).fill(1)"
  }
)

const fields = edits(
  {
    rule: "rfc9113-6.2-4",
    in: "FieldEncoder.write",
    find: "HEADERS, END_HEADERS | streamFlag, streamId)",
    replace: "HEADERS, END_HEADERS | streamFlag, 0)"
  },
  {
    rule: ["rfc9113-6.2-1", "rfc9113-6.6-2"],
    in: "FieldEncoder.pad",
    find: "octets.fill(0, end, end + padding)",
    replace: "octets.fill(1, end, end + padding)"
  },
  {
    rule: ["rfc9113-4.3-1", "rfc9113-8.1-1"],
    in: "FieldEncoder.split",
    find: "const part = payload.subarray(at, at + maxFrameSize)\n",
    replace:
      "const part = payload.subarray(at, at + maxFrameSize)\n      if (at > 0) this.buffer.frame(Frame.Type.PING, NONE, 0, new Uint8Array(8))\n"
  },
  {
    rule: ["rfc9113-6.2-2", "rfc9113-6.6-3"],
    in: "FieldEncoder.split",
    find: "this.buffer.frame(at === 0 ? type : CONTINUATION, (at === 0 ? flags : NONE) | endFlag, streamId, part)",
    replace: "this.buffer.frame(type, (at === 0 ? flags : NONE) | endFlag, streamId, part)"
  },
  {
    rule: "rfc9113-6.10-1",
    in: "FieldEncoder.split",
    find: "at < payload.length; at += maxFrameSize) {",
    replace: "at < payload.length && at <= maxFrameSize; at += maxFrameSize) {"
  },
  {
    rule: "rfc9113-6.10-3",
    in: "FieldEncoder.split",
    find: "(at === 0 ? flags : NONE) | endFlag, streamId, part)",
    replace: "(at === 0 ? flags : NONE) | endFlag, at === 0 ? streamId : 0, part)"
  },
  {
    rule: "rfc9113-6.10-5",
    in: "FieldEncoder.split",
    find: "const endFlag = at + maxFrameSize >= payload.length ? END_HEADERS : NONE",
    replace: "const endFlag = END_HEADERS"
  },
  {
    rule: "rfc9113-4.1-1",
    in: "FieldEncoder.write",
    find: "if (length <= maxFrameSize) {\n      writeFrameHeader(octets, at, length, HEADERS",
    replace: "if (length <= 2 * maxFrameSize) {\n      writeFrameHeader(octets, at, length, HEADERS"
  }
)

const data = [
  ...edits(
    {
      rule: "rfc9113-6.1-2",
      in: "DataFrames.whole",
      find: "this.buffer.frame(DATA, flags, streamId, body)",
      replace: "this.buffer.frame(DATA, flags, 0, body)"
    },
    {
      rule: "rfc9113-4.1-1",
      in: "DataFrames.next",
      find: "const most = Math.min(sender.nextLength, maxFrameSize, largestFrame)",
      replace: "const most = Math.min(sender.nextLength, largestFrame)"
    },
    {
      rule: ["rfc9113-5.2.1-1", "rfc9113-6.9.1-1"],
      in: "DataFrames.whole",
      find: "if (length > maxFrameSize || this.room(window) < length) return false",
      replace: "if (length > maxFrameSize) return false"
    }
  ),
  ...edits({
    rule: "rfc9113-6.1-1",
    in: "WriteBuffer.paddedFrame",
    find: "this.slab.fill(0, this.position, this.position + padding)",
    replace: "this.slab.fill(1, this.position, this.position + padding)"
  })
]

const connection = [
  ...edits(
    {
      rule: "rfc9113-6.4-3",
      in: "Outbox.rstStream",
      find: "new Frame.RstStream(streamId, code)",
      replace: "new Frame.RstStream(0, code)"
    },
    {
      rule: "rfc9113-4.1-1",
      in: "Outbox",
      find: "maxFrameSize = initial.maxFrameSize\n",
      replace: "maxFrameSize = 2 * initial.maxFrameSize\n"
    }
  ),
  ...edits({
    rule: "rfc9113-6.7-1",
    in: "Pings.begin",
    find: "const payload = new Uint8Array(8)",
    replace: "const payload = new Uint8Array(9)"
  })
]

export const sentFrames: ReadonlyArray<Mutant> = [...encoder, ...fields, ...data, ...connection]
